# Every target is one thin line; what it does is in localstack/cloud/. Settings: PORT= moves the local cloud, STATE= keeps another
# one beside it, ENDPOINT= deploys to any LocalStack-compatible cloud instead of starting one.

export PORT STATE ENDPOINT
SHELL := /bin/bash
PYTHON ?= python3
CLOUD := PYTHONPATH=localstack PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m cloud

.DEFAULT_GOAL := help
.PHONY: help up down reset status pids url web-url live-url web mail mail-url logs gaps test cloud-test pictures fuzz lint fmt audit openapi quotas common-passwords template bench-feed bench-media bench-web bench-search cost verify build deploy push-apps

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

up: ## build, start, deploy and seed the local cloud
	@$(CLOUD) up

down: ## stop it; its state stays
	@$(CLOUD) down

reset: ## stop it and forget its state
	@$(CLOUD) reset

status: ## what runs
	@$(CLOUD) status

pids: ## process ids of everything started
	@$(CLOUD) pids

url: ## the API's base URL alone
	@$(CLOUD) url

web-url: ## the address to open in a browser, alone
	@$(CLOUD) web-url

live-url: ## the address of the sockets, alone
	@$(CLOUD) live-url

web: ## the web client with hot reload, against the local cloud that runs
	@$(CLOUD) web-dev

mail: ## the newest mails that were sent: to whom, subject, text
	@$(CLOUD) mail

mail-url: ## where the mails that were sent are listed as JSON, alone
	@$(CLOUD) mail-url

verify: ## compare every counter with its edges; STACK=prod or TABLE=name: in AWS; REPAIR=1: put it right; ARGS='--rate 2000'
	@$(CLOUD) verify $(if $(STACK),--stack $(STACK)) $(if $(TABLE),--table $(TABLE)) $(if $(REPAIR),--repair) -- $(ARGS)

logs: ## logs of everything, or of one function: make logs F=like
	@$(CLOUD) logs $(F)

gaps: ## what the emulator lacks, and how it is made up for
	@$(CLOUD) gaps

test: ## every test, against a throw-away cloud
	@$(CLOUD) test

cloud-test: ## run CMD against a throw-away cloud: make cloud-test CMD='cargo nextest run -p localstack'
	@$(CLOUD) test -- $(CMD)

pictures: ## fetch what shared/media is tried on: the test images of Pillow
	@$(CLOUD) pictures

fuzz: pictures ## fuzz shared/media, five minutes a target: make fuzz F=job TIME=60
	@TIME=$(TIME) .ci/fuzz $(F)

lint: ## formatting and lints, as in CI
	.ci/run format clippy python

fmt: ## format everything
	cargo fmt --all && cargo fmt --manifest-path shared/media/fuzz/Cargo.toml

audit: ## licences, advisories, duplicates
	PATH="$$(.ci/tools):$$PATH" cargo deny check

openapi: ## write docs/openapi.json from shared/api, and the web client's types from it
	UPDATE_OPENAPI=1 cargo test --package api
	@PATH="$$($(CLOUD) tools --node):$$PATH" npm --prefix web run api

quotas: ## write docs/quotas.md from shared/domain
	UPDATE_QUOTAS=1 cargo test --package domain --test quotas

common-passwords: ## write the filter of common passwords, from the list of SecLists
	@PATH="$$($(CLOUD) tools --node):$$PATH" tools/common-passwords/build

template: ## assemble template.yaml from its pieces (tools/template/README.md), and count its resources
	@cargo run --quiet --package template
	@PATH="$$(.ci/tools):$$PATH" .ci/template count

bench-feed: ## the feed under a social network's load, as in docs/bench-feed.md: make bench-feed ARGS='--users 10000' (ARGS=--help)
	@cargo run --profile measure --package bench-feed -- $(ARGS)

bench-search: ## how well and at what cost people are found beside a scan and SQLite's index: make bench-search ARGS='--people 100000'
	@cargo run --profile measure --package bench-search -- $(ARGS)

bench-media: ## pictures beside sharp, libvips and Pillow, as in docs/bench-media.md: make bench-media ARGS='--runs 3' (ARGS=--help)
	@PATH="$$($(CLOUD) tools --node):$$PATH" cargo run --release --package bench-media -- $(ARGS)

bench-web: ## the web client on an emulated phone, as in docs/bench-web.md: make bench-web ARGS='--against v1' (ARGS=--help)
	@cd web && PATH="$$(PYTHONPATH=../localstack $(PYTHON) -m cloud tools --node):$$PATH" LAMBDAGRAM_WEB_URL="$${LAMBDAGRAM_WEB_URL:-$$($(MAKE) -s -C .. web-url)}" sh -c 'npm run build && node bench/bench.mjs $(ARGS)'

cost: ## what a month costs, as in docs/cost.md, or of another world: make cost ARGS='--dau 1e6' (ARGS=--help)
	@cargo run --package cost -- $(ARGS)

build: ## release packages for Lambda (arm64), with the size of each
	@$(CLOUD) release

deploy: build ## deploy to AWS with the settings of samconfig.toml, and the web client: make deploy STAGE=prod
	@PATH="$$(.ci/tools):$$PATH" $(CLOUD) ship --stage $(or $(STAGE),dev)

push-apps: ## make the applications of SNS that reach iOS and Android, from credentials in files (docs/deploying.md): make push-apps STAGE=prod
	@$(CLOUD) push-apps --stage $(or $(STAGE),dev)
