"""What can go wrong with a cluster before it answers."""

from greenline.matcher.errors import MatcherError


class ClusterError(MatcherError):
    """The cluster cannot be used as it is; the sentence says what to do."""
