.DEFAULT_GOAL := help
.PHONY: help setup setup-tests installed demo local faults test check workflows docs bench format preview deploy destroy

BIN := .venv/bin
STACK ?= dev
WORKFLOWS ?= .github/workflows
UV = $$($(BIN)/python -c 'from local.toolchain import read_record; print(read_record()["uv"])')
# What the pack needs where it is copied to, pinned with hashes, and what builds it.
PINNED = $(UV) export --frozen --quiet --package guardrails --no-default-groups --group build --no-emit-project --no-header
CODE := __main__.py infra functions policies local tests bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the project needs, in the project's folder (engine builds go to the user's cache)
	@python3 local/toolchain.py

setup-tests:
	@python3 local/toolchain.py --engine-optional

demo: setup ## show the policy gate, deploy on the local stack, put objects, account for every one
	@$(BIN)/python -m local demo

local: setup ## deploy on the local stack and keep it running
	@$(BIN)/python -m local up

faults: setup ## put 5,000 events under 20 % of every fault, and account for each (on quiet cores, minutes)
	@$(BIN)/python -m local fault prove

test: setup-tests ## run every test
	@$(BIN)/pytest -n 2 --dist loadgroup

check: setup-tests workflows ## format, lint, types, lock file, workflows, generated pages
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/mypy __main__.py infra functions policies/guardrails local tests bench
	@$(BIN)/mypy policies/__main__.py
	@$(BIN)/python -m guardrails.pages docs --tests tests --check
	@$(BIN)/python -m local.page docs --check
	@$(UV) lock --check --quiet
	@$(PINNED) | cmp -s - policies/requirements.txt || \
	    { echo "policies/requirements.txt is stale; run: make docs" >&2; exit 1; }

# Offline: the schema is in the package, and nothing is asked of the code host.
workflows: setup-tests
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)/*.yml
	@$(BIN)/zizmor --quiet --offline --pedantic --no-progress $(WORKFLOWS)

docs: setup-tests ## write the generated pages, and what the pack pins where it is copied to
	@$(BIN)/python -m guardrails.pages docs --tests tests
	@$(BIN)/python -m local.page docs
	@$(PINNED) > policies/requirements.txt

bench: setup ## measure policy pack and local stack beside their baselines, and write docs/benchmarks.md
	@$(BIN)/python -m bench

format: setup-tests ## format the code, and mend what the linter can mend
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

# On AWS: an installed Pulumi, your own login and credentials. `up` previews first, and the pack stops it there.
installed: setup
	@command -v pulumi >/dev/null || { echo "error: deploying to AWS needs an installed Pulumi 3.259 or newer;" \
	    "install it with: curl -fsSL https://get.pulumi.com | sh" >&2; exit 1; }

preview: installed ## preview STACK=dev|prod on AWS with the policy pack
	@pulumi preview --stack $(STACK) --policy-pack policies

deploy: installed ## deploy STACK=dev|prod to AWS with the policy pack in front
	@pulumi up --stack $(STACK) --policy-pack policies

destroy: installed ## delete STACK=dev|prod from AWS
	@pulumi destroy --stack $(STACK)
