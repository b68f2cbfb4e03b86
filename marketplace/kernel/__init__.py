"""What every room stands on: database, money, time, ids, secrets, outbox, errors."""
