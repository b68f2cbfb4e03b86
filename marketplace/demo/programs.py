from datetime import datetime


def load_pledges(first_day: datetime) -> None: ...


def load_programs(at: datetime) -> None: ...
