"""The migrations, oldest first in `versions/`. A released one is never changed."""
