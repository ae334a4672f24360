"""`circleshield allow-author`: a friend whose posts are never touched."""

from circleshield.author_choice import author_command

command = author_command("allow", "Let all posts of an author through from the next load on, whatever they say.")
