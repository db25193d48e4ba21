"""The enrolment authority: who may join a site, who has joined, and whose time is over."""
