"""Enrolment: a take is measured, compared, judged, and added to the voices or refused."""
