"""`circleshield block-author`: somebody whose posts are all treated as sales posts."""

from circleshield.author_choice import author_command

command = author_command("block", "Treat all posts of an author as sales posts from the next load on.")
