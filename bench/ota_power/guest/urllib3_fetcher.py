"""In the guest, in the place of tuf.ngclient.urllib3_fetcher, which our client never calls.

Loading urllib3 takes an emulated machine three seconds at each start.
"""


class Urllib3Fetcher:
    """The default of python-tuf's Updater, which is always given a fetcher of ours."""
