"""Who may read and answer what customers left."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin

GROUPS = ("Agentes", "Supervisores")


def may_answer(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether `user` is an active agent or supervisor."""
    if not (user.is_active and isinstance(user, PermissionsMixin)):
        return False
    return user.is_superuser or user.groups.filter(name__in=GROUPS).exists()
