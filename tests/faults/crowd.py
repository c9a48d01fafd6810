"""Many customers at once, made by the product's own service in a process beside it: `crowd.py HOW_MANY TAG`.

Prints the cookie and the chat of each as one JSON line.
"""

import json
import sys
import uuid

from tests.faults import watched


def main(count: int, tag: str) -> None:
    watched.set_up()
    from django.utils import timezone

    from chat import access, services

    for number in range(count):
        key = access.new_visitor_key()
        client_id, text = uuid.uuid4(), f"§{tag}-{number}§ No puedo timbrar"
        start = services.ChatStart(
            name="Ana López",
            email=f"ana.{number}@contadores.com.mx",
            text=text,
            client_id=client_id,
        )
        session = services.start_chat(key_hash=access.hash_key(key), start=start, now=timezone.now())
        cookie = f"{access.COOKIE_NAME}={access.sign_key(key)}"
        row = {"cookie": cookie, "session": session.pk, "client_id": str(client_id), "text": text}
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
