"""`python -m cds_service`: the same as the console script."""

from cds_service.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
