# Everything somebody types: `make run` to try the product, `make test` and `make lint` to change it.

PORT ?= 8000
HOURS ?= open
ARGS ?=

PYTHON_BIN = .venv/bin/python
# Several processes import the same: what one has compiled the next need not, whatever the shell's own settings.
COMPILED_ONCE = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/var/pycache"
# What tests and checks run with. Their data stay apart from those of `make run`.
TEST_ENV = DEBUG=on HOURS=real VAR_DIR="$(CURDIR)/var/test" PYTHONUTF8=1 $(COMPILED_ONCE)
# An installation as deploy/ makes one, on data of its own.
PRODUCTION_ENV = env -u DATABASE_URL -u REDIS_URL DEBUG=off HOURS=real VAR_DIR="$(CURDIR)/var/lint" \
	PUBLIC_URL=https://soporte.example BEHIND_PROXY=on TRUSTED_PROXIES=1 EMAIL_URL=smtp://correo.example:25 \
	DEFAULT_FROM_EMAIL="Soporte <soporte@facturando.mx>" SECRET_KEY="$$(od -An -N48 -tx1 /dev/urandom | tr -d ' \n')"
PACKAGES = chat core scheduling offline_messages facturando_support

.PHONY: help run test test-fast test-engines faults bench lint format texts lock
.DEFAULT_GOAL := help

help:
	@echo "make run              arranca la demostración en http://127.0.0.1:$(PORT)  (PORT=, HOURS=real)"
	@echo "make test             prepara y ejecuta todas las pruebas: primero las rápidas y los ataques, en todos los"
	@echo "                      núcleos; luego, una por una, las que arrancan procesos y navegadores  (ARGS=, REQUIRE_ALL=1)"
	@echo "make test-fast        solo las pruebas rápidas, en todos los núcleos  (ARGS=)"
	@echo "make test-engines     las pruebas rápidas, los ataques y los navegadores, sobre PostgreSQL y Redis  (ARGS=)"
	@echo "make faults           fallas de procesos, redes, discos y motores; imprime una tabla  (ARGS=\"redis --quick\")"
	@echo "make bench            mide lo que cuesta el producto, al lado del mínimo; imprime una tabla  (ARGS=\"messages --quick\")"
	@echo "make lint             formato, tipos, seguridad, capas"
	@echo "make format           da formato al código y a las plantillas"
	@echo "make texts            recoge los textos para traducirlos y compila las traducciones (gettext)"
	@echo "make lock             vuelve a fijar las versiones de las dependencias"

run:
	@bin/setup run
	@exec env DEBUG=on HOURS="$(HOURS)" PUBLIC_URL="http://127.0.0.1:$(PORT)" \
		EXTRA_ORIGINS="http://localhost:$(PORT)" $(PYTHON_BIN) manage.py serve --demo --port "$(PORT)"

test:
	@bin/setup dev
	@bin/system-parts
	$(TEST_ENV) $(PYTHON_BIN) -m tests $(ARGS)

test-fast:
	@bin/setup dev
	$(TEST_ENV) $(PYTHON_BIN) -m tests --part parallel -m fast $(ARGS)

test-engines:
	@bin/setup dev
	$(TEST_ENV) $(PYTHON_BIN) -m tests.servers $(PYTHON_BIN) -m tests --part parallel $(ARGS)
	$(TEST_ENV) $(PYTHON_BIN) -m tests.servers $(PYTHON_BIN) -m pytest -m browser $(ARGS)

# Half an hour for all; `ARGS=` names those to make, as tests/faults/README.md tells.
faults:
	@bin/setup dev
	@bin/system-parts
	$(TEST_ENV) $(PYTHON_BIN) -m tests.faults $(ARGS)

# A quarter of an hour for all; bench/README.md tells what the rows are. It says how fast only on a machine that is free.
bench:
	@bin/setup dev
	@bin/system-parts
	$(TEST_ENV) $(PYTHON_BIN) -m bench $(ARGS)

lint:
	@bin/setup dev
	$(PYTHON_BIN) -m ruff format --check .
	$(PYTHON_BIN) -m ruff check .
	$(TEST_ENV) $(PYTHON_BIN) -m mypy $(PACKAGES)
	$(PYTHON_BIN) .venv/bin/lint-imports
	find templates -name '*.html' -exec .venv/bin/djade --check --target-version 6.0 {} +
	mkdir -p var/test
	$(TEST_ENV) $(PYTHON_BIN) manage.py makemigrations --check --dry-run
	rm -rf var/lint && mkdir -p var/lint
	$(PRODUCTION_ENV) $(PYTHON_BIN) manage.py migrate --verbosity 0
	$(PRODUCTION_ENV) $(PYTHON_BIN) manage.py collectstatic --no-input --verbosity 0
	$(PRODUCTION_ENV) $(PYTHON_BIN) manage.py check --deploy --fail-level WARNING

format:
	@bin/setup dev
	$(PYTHON_BIN) -m ruff check --fix .
	$(PYTHON_BIN) -m ruff format .
	find templates -name '*.html' -exec .venv/bin/djade --target-version 6.0 {} +

# New texts come into the catalogue empty or with a guess marked "fuzzy": put their English there, and run it again.
texts:
	@bin/setup dev
	mkdir -p var/test
	$(TEST_ENV) $(PYTHON_BIN) manage.py makemessages --locale en --extension html,txt,py --no-wrap --no-obsolete \
		--add-location file --ignore .venv --ignore var --ignore tests
	$(TEST_ENV) $(PYTHON_BIN) manage.py compilemessages --ignore .venv --ignore var

# A tool of its own, used once in a while: it stays out of .venv.
var/lock/bin/uv:
	"$$(bin/python)" -m venv var/lock
	var/lock/bin/python -m pip install --quiet --disable-pip-version-check uv

UV_COMPILE = var/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-header --quiet $(UPGRADE)

lock: var/lock/bin/uv
	$(UV_COMPILE) -o requirements.lock
	$(UV_COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
