# Every target sets up what it needs: Node and npm on the machine are enough (the pinned Node comes with `npm ci`).
SHELL := /bin/bash
.DEFAULT_GOAL := help

IMG ?= ghcr.io/sidecar-injector/sidecar-injector:latest
KUBECTL ?= kubectl
RUN := npm run --silent

.PHONY: help demo cluster test bench bench-reconcile bench-soak fuzz golden bench-cluster test-doctor rotation-test rotation-switches crash-test chaos model-check mutation-test mutation-report lint format generate check-generated build dist install uninstall run deploy undeploy image image-rootfs clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: node_modules/.package-lock.json ## Show the whole story on an in-memory cluster (KEEP=1 leaves it running)
	@KEEP=$(KEEP) $(RUN) demo

cluster: node_modules/.package-lock.json ## Start the in-memory cluster and print a kubeconfig
	@$(RUN) cluster -- $(ARGS)

test: node_modules/.package-lock.json ## Run all tests (with KUBECONFIG set, the end-to-end tests use that cluster)
	@$(RUN) test

lint: node_modules/.package-lock.json ## Formatting, lint rules and types
	@$(RUN) lint

format: node_modules/.package-lock.json ## Format all files
	@$(RUN) format

generate: node_modules/.package-lock.json ## Regenerate crds/ and the generated docs
	@$(RUN) generate

check-generated: node_modules/.package-lock.json ## Fail when a generated file is out of date
	@$(RUN) generate:check

bench: node_modules/.package-lock.json ## Measure admission beside a raw HTTPS server (ARGS="--full --report")
	@$(RUN) bench -- $(ARGS)

bench-reconcile: node_modules/.package-lock.json ## Measure from apply to Ready for 1, 100, 1,000 injectors (ARGS=--report)
	@$(RUN) bench:reconcile -- $(ARGS)

bench-soak: node_modules/.package-lock.json ## Half an hour of pods, edits and renewals; the heap must not grow (ARGS="--minutes 60 --report")
	@$(RUN) bench:soak -- $(ARGS)

fuzz: node_modules/.package-lock.json ## Try the properties of injection on random reviews (ARGS="--runs 1000000 --seed N")
	@$(RUN) fuzz -- $(ARGS)

golden: node_modules/.package-lock.json ## Rewrite the golden files; read the diff before you commit it
	@$(RUN) golden

bench-cluster: node_modules/.package-lock.json ## Measure the in-memory cluster: pod creation, watch fan-out (ARGS=PODS)
	@$(RUN) bench:cluster -- $(ARGS)

chaos: node_modules/.package-lock.json ## An hour of disorder under load, with failurePolicy Fail (ARGS="--minutes 5 --seed N")
	@$(RUN) chaos -- $(ARGS)

mutation-test: node_modules/.package-lock.json ## Change src/domain in every small way; at least 85 % must fail a test (an hour)
	@$(RUN) mutation -- $(ARGS)

mutation-report: node_modules/.package-lock.json ## Write what mutation-test found into docs/mutation.md
	@$(RUN) mutation:report

model-check: node_modules/.package-lock.json ## Search every order of events of a rollover in small clusters (minutes)
	@$(RUN) model

test-doctor: node_modules/.package-lock.json ## Break a set-up in every known way; condition, Event and doctor must name the cause (KUBECONFIG: a real cluster)
	@$(RUN) test-doctor

rotation-test: node_modules/.package-lock.json ## Renew, restart and kill under load; count what failed (KUBECONFIG: on that cluster)
	@$(RUN) rotation -- $(ARGS)

rotation-switches: node_modules/.package-lock.json ## Leave out the steps of a rollover one by one; the rotation test must notice each
	@$(RUN) rotation:switches -- $(ARGS)

crash-test: node_modules/.package-lock.json ## Kill the leader at every write of issuance, renewal and rollover (some 15 minutes)
	@$(RUN) crash

build: node_modules/.package-lock.json ## Bundle the operator into dist/sidecar-injector.js
	@$(RUN) build

dist: node_modules/.package-lock.json build ## Make dist/install.yaml, the bill of materials, and the bundle (IMG=...)
	@$(if $(filter file,$(origin IMG)),,IMG=$(IMG)) $(RUN) dist

install: ## Install the CustomResourceDefinition into the cluster of KUBECONFIG
	$(KUBECTL) apply --server-side -k crds

uninstall: ## Remove the CustomResourceDefinition, and with it every SidecarInjector
	$(KUBECTL) delete --ignore-not-found -k crds

run: build ## Run the operator out of cluster against KUBECONFIG (ARGS="--webhook-url https://...")
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" node --enable-source-maps dist/sidecar-injector.js operator $(ARGS)

deploy: ## Install everything into the cluster of KUBECONFIG
	$(KUBECTL) apply --server-side -k config/default

undeploy: ## Remove everything that deploy installed
	@# While their definition is served and the operator runs: neither would be there to clear up afterwards.
	-$(KUBECTL) delete --all sidecarinjectors.sidecarinjector.dev
	$(KUBECTL) wait --for=delete --timeout=60s mutatingwebhookconfigurations,certificatesigningrequests -l app.kubernetes.io/managed-by=sidecar-injector
	$(KUBECTL) delete --ignore-not-found -k config/default

image: ## Build the container image IMG
	docker buildx build --tag $(IMG) .

image-rootfs: node_modules/.package-lock.json ## Follow the Dockerfile without a container engine, into .run/rootfs
	@$(RUN) image-rootfs

clean: ## Remove what builds and runs leave behind
	rm -rf dist .run coverage
