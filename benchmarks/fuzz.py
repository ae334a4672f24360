"""Coverage-guided fuzzing of the properties in tests/addon/test_any_input.py, with atheris.

`uv run --with atheris python -m benchmarks.fuzz page -runs=100000`; what libFuzzer prints and takes is described at
https://llvm.org/docs/LibFuzzer.html. A failing input is printed by hypothesis as the arguments that make the test fail.
"""

import sys

import atheris

with atheris.instrument_imports(include=["circleshield_addon", "circleshield_model"]):
    from tests.addon.test_any_input import PROPERTIES


def main() -> None:
    """Fuzzes the property that the first argument names."""
    if len(sys.argv) < 2 or sys.argv[1] not in PROPERTIES:
        sys.exit(f"usage: python -m benchmarks.fuzz {'|'.join(PROPERTIES)} [-runs=N]")
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, PROPERTIES[name].hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
