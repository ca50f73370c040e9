"""`python -m synerstat` is the `synerstat` command."""

from synerstat.cli import main

if __name__ == "__main__":
    main()
