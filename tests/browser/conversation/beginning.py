"""A conversation that has begun, and the pages that it outlives."""

OTHER_PAGE = """<!doctype html><html lang="es"><title>Precios</title><h1>Precios</h1>
<script src="/widget.js" async></script>"""


def begin(ana, laura):
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
