"""What the scripts say: they hold no words of their own, and read these from the page.

A name between braces is filled in by the script.
"""

from django.utils.translation import gettext as _


def script_texts() -> dict[str, str]:
    """For the chat's page and the console, by the keys that `phrase` in `timeline.js` takes."""
    return {**_of_lines(), **_of_uploads(), **_of_customer(), **_of_console()}


def _of_lines() -> dict[str, str]:
    return {
        "pending": _("pendiente"),
        "held": _("se enviará al identificarse"),
        "stored": _("enviado"),
        "delivered": _("entregado"),
        "read": _("leído"),
        "waiting": _("en revisión"),
        "infected": _("con virus, apartado"),
        "note": _("Nota interna"),
        "too_long": _(
            "El mensaje puede tener hasta {most} caracteres y el suyo tiene {length}. Envíelo en partes."
        ),
        "today": _("hoy"),
        "older_failed": _("No se pudieron traer. Inténtelo de nuevo."),
        "sound_on": _("Activar sonido"),
        "sound_off": _("Silenciar sonido"),
    }


def _of_uploads() -> dict[str, str]:
    return {
        "private_key": _(
            "Este archivo parece una llave privada y no se envió. Con ella y su contraseña cualquiera puede "
            "firmar a su nombre: no la comparta con nadie, tampoco con nosotros."
        ),
        "upload_cut": _("Se cortó el envío. El archivo no se perdió: reintente."),
        "upload_failed": _("No se pudo enviar el archivo. Reintente."),
        "pasted_image": _("imagen.png"),
        "cancel": _("Cancelar"),
        "remove": _("Quitar"),
        "retry": _("Reintentar"),
    }


def _of_customer() -> dict[str, str]:
    return {
        "queue_place": _("Lugar en la cola: {place}. Puede seguir escribiendo mientras espera."),
        "time_left": _("quedan {time}"),
        "form_failed": _(
            "No se pudo enviar y nada se perdió. Inténtelo de nuevo; si sigue igual, recargue la página."
        ),
    }


def _of_console() -> dict[str, str]:
    return {
        "online": _("Conectado"),
        "reconnecting": _("Sin conexión: reconectando…"),
        "no_server": _("No hay conexión con el servidor. Intente de nuevo en un momento."),
        "note_placeholder": _("Nota: el cliente no la ve"),
        "no_files_in_notes": _(
            "Los archivos no van en notas internas y este no se envió: quite «Nota interna» para enviarlo al "
            "cliente."
        ),
        "used_of": _("{used} de {capacity}"),
        "one_column": _("Ver un chat a la vez"),
        "two_columns": _("Ver dos chats a la vez"),
        "chat_closed_to_you": _("Ese chat no se puede abrir."),
        "chat_gone": _("Este chat pasó a otro agente o volvió a la cola."),
        "unsent": _("Esto no se envió. Cópielo si aún lo necesita."),
        "unsent_in": _("Esto no se envió en el chat {chat}. Cópielo si aún lo necesita."),
        "end": _("Finalizar"),
        "end_sure": _("¿Finalizar este chat?"),
    }


def widget_texts() -> dict[str, str]:
    """For the bar on a customer's site."""
    return {
        "support": _("Chat de soporte"),
        "title": _("Chat de soporte de Facturando"),
        "question": _("¿Tienes dudas? Escríbenos"),
        "leave": _("Dejar mensaje"),
        "message": _("Mensaje"),
        "placeholder": _("Escriba su mensaje"),
        "send": _("Enviar"),
        "failed": _("El chat no se pudo abrir en esta página."),
        "other": _("Abrirlo en otra ventana"),
    }
