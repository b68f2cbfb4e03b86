from __future__ import annotations

from flask import Blueprint

blueprints: tuple[Blueprint, ...] = ()
