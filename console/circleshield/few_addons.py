"""mitmproxy without the addons that nothing here uses: to be imported before anything that imports `mitmproxy.addons`.

That package's `__init__` imports all of mitmproxy's addons, and with them Flask, LDAP, a browser and more: a third of
the time until the proxy listens, and 7 MB. A package of the same name and place, but without that code, lets each addon
be imported for itself.
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path

_NAME = "mitmproxy.addons"


def _bare_package() -> None:
    if _NAME in sys.modules:  # whole already, under mitmdump or in tests
        return
    mitmproxy = find_spec("mitmproxy")
    assert mitmproxy is not None
    assert mitmproxy.submodule_search_locations
    spec = ModuleSpec(_NAME, None, is_package=True)
    spec.submodule_search_locations = [str(Path(mitmproxy.submodule_search_locations[0]) / "addons")]
    sys.modules[_NAME] = module_from_spec(spec)


_bare_package()
