"""Internal notes, which no customer ever sees."""

import json

from playwright.sync_api import expect


def test_an_internal_note_is_seen_by_staff_alone(chatting):
    ana, laura = chatting
    note = laura.note_switch("Ana López")
    # A switch that nobody sees would send to the customer what was meant for colleagues.
    expect(note).to_have_css("opacity", "1")
    note.check()
    laura.say("Ana López", "Cliente molesto")
    expect(laura.line("Ana López", "Cliente molesto")).to_contain_text("Nota interna")
    note.uncheck()
    laura.say("Ana López", "Con gusto")

    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("molesto")
    ana.page.reload()
    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("molesto")


def test_a_note_that_is_being_written_is_still_a_note_after_a_reload(chatting):
    ana, laura = chatting
    laura.note_switch("Ana López").check()
    laura.box("Ana López").fill("Cliente molesto")

    laura.page.reload()

    expect(laura.box("Ana López")).to_have_value("Cliente molesto")
    expect(laura.pane("Ana López")).to_contain_text("Nota interna: Ana López no la ve.")
    laura.box("Ana López").press("Enter")
    expect(laura.line("Ana López", "Cliente molesto")).to_contain_text("Nota interna")
    laura.note_switch("Ana López").uncheck()
    laura.say("Ana López", "Con gusto")
    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("molesto")
    laura.page.reload()
    expect(laura.note_switch("Ana López")).not_to_be_checked()


def test_the_switch_of_notes_stays_where_it_is_and_belongs_to_one_chat(chatting, site, new_customer):
    _ana, laura = chatting
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Una nota")
    expect(laura.line("Ana López", "Una nota")).to_contain_text("Nota interna")
    expect(laura.note_switch("Ana López")).to_be_checked()

    rosa = new_customer(site)
    rosa.open_chat()
    rosa.start("Rosa Díaz")
    laura.take("Rosa Díaz")

    expect(laura.note_switch("Rosa Díaz")).not_to_be_checked()


def test_a_note_that_was_refused_is_written_on_as_a_note(chatting):
    ana, laura = chatting
    laura.page.route_web_socket("**/ws/agente/", _refuse_notes)
    laura.page.reload()
    laura.is_connected()
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Cliente molesto")
    expect(laura.line("Ana López", "Cliente molesto")).to_contain_text("Hoy no")
    laura.note_switch("Ana López").uncheck()

    laura.line("Ana López", "Cliente molesto").get_by_role("button", name="Reintentar").click()

    expect(laura.box("Ana López")).to_have_value("Cliente molesto")
    expect(laura.note_switch("Ana López")).to_be_checked()
    expect(ana.timeline).not_to_contain_text("molesto")


def _refuse_notes(socket):
    server = socket.connect_to_server()

    def ask(frame):
        asked = json.loads(frame)
        if asked["type"] != "note.send":
            server.send(frame)
            return
        refusal = {"type": "error", "code": "x.y", "text": "Hoy no", "client_id": asked["client_id"]}
        socket.send(json.dumps(refusal))

    socket.on_message(ask)


def test_a_note_looks_like_one_before_it_is_stored(chatting):
    _ana, laura = chatting
    # Nothing leaves any more.
    laura.page.evaluate("WebSocket.prototype.send = () => {}")
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Una nota")

    expect(laura.line("Ana López", "Una nota")).to_contain_text("pendiente")
    expect(laura.line("Ana López", "Una nota")).to_contain_text("Nota interna")
