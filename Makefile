# Everything a user or a machine does with this repository. Each target's comment is its help.

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= data,train,dev
BIN = $(VENV)/bin
READY = $(VENV)/.installed
PY = $(BIN)/python
SDK = .venv-supervisely
SDK_VERSION = 6.74.51

DEMO ?= demo
# Artificial images that no training has seen.
UNSEEN = $(DEMO)/unseen/voc
SYNTH_UNSEEN = $(PY) -m pipelines synth $(UNSEEN) --images 40 --seed 2
GRAPH ?= configs/graphs/pascal_voc.json
PROJECT ?= PascalVOC=data/voc
DATA ?= data/dataset
CONFIG ?= configs/train/tutorial.json
# The latest numbered run that has come as far as a checkpoint, else what comes along.
WEIGHTS ?= $(or $(patsubst %/checkpoints/last.ckpt,%,$X
WORKERS ?= 1
EVALUATE ?= $(DATA)
# What the gate asks for: 44 images of Pascal VOC 2007, and the test split of the car parts.
VOC ?= data/voc2007-44
CARPARTS ?= data/carparts-test
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install lint test test-slow test-e2e test-tools bench compare demo data train evaluate gate gpu-pack docs image lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables, e.g.: make data PROJECT=PascalVOC=data/VOC2012 DATA=data/dataset WORKERS=8"

install: $(READY) ## make .venv with the exact versions of requirements.lock

$(READY): setup.py requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .[$(EXTRAS)]
	@touch $@

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; fi

test: lint ## lint, then all tests but the slow ones and those with other programs
	$(BIN)/pytest -m "not slow and not e2e" $(ARGS)

test-slow: $(READY) ## the slow tests: real trainings, worker processes
	$(BIN)/pytest -m "slow and not e2e" $(ARGS)

test-e2e: $(READY) ## tests with other programs: Flink, where there is Java and FLINK_JOB_SERVER_JAR names its job server
	$(BIN)/pytest -m e2e --ignore tests/tools $(ARGS)

test-tools: $(READY) $(SDK)/.installed ## annotation tools' own programs read what is written: the Supervisely SDK
	$(BIN)/pytest -m e2e tests/tools $(ARGS)

# The public SDK pins versions of its own, so it reads our output from an environment of its own.
$(SDK)/.installed:
	$(PYTHON) -m venv $(SDK)
	$(SDK)/bin/pip install --quiet --disable-pip-version-check supervisely==$(SDK_VERSION)
	@touch $@

demo: $(READY) ## the whole job on artificial images, in ./demo: dataset, training, report, pictures; then photographs
	rm -rf $(DEMO)/voc $(DEMO)/unseen
	$(PY) -m pipelines synth $(DEMO)/voc --images 400 --seed 1
	$(PY) -m pipelines run configs/graphs/pascal_voc.json --project PascalVOC=$(DEMO)/voc --output $(DEMO) --overwrite
	$(PY) -m pipelines preview $(DEMO)/smtool_dataset --output $(DEMO)/samples.png
	$(PY) -m pipelines stats $(DEMO)/smtool_dataset --output $(DEMO)/stats
	$(PY) -m model train configs/train/demo.json --data $(DEMO)/smtool_dataset --output $(DEMO)/run --overwrite --accelerator cpu
	@echo "--- objects of images that training has never seen ---"
	$(SYNTH_UNSEEN)
	$(PY) -m pipelines run configs/graphs/pascal_voc.json --project PascalVOC=$(UNSEEN) --output $(DEMO)/unseen
	$(PY) -m model evaluate --weights $(DEMO)/run --data $(DEMO)/unseen --split all --zoom people --quick \
	  --baseline untrained --baseline ellipse --output $(DEMO)/report --pictures
	$(PY) -m model predict configs/inference/tutorial.json --weights $(DEMO)/run --input $(DEMO)/unseen \
	  --output $(DEMO)/predicted --overwrite --pictures
	@echo "--- photographs, and the network that comes along ---"
	$(PY) -m model show --output $(DEMO)/photographs.png
	@echo "look at $(DEMO)/samples.png, $(DEMO)/stats/stats.png, $(DEMO)/run/pictures, $(DEMO)/report/contact_sheet.png, $(DEMO)/predicted_contact_sheet.png, $(DEMO)/photographs.png"

data: $(READY) ## run GRAPH over PROJECT (NAME=LOCATION) into DATA, on WORKERS processes
	$(PY) -m pipelines run $(GRAPH) --project $(PROJECT) --output $(DATA) \
	  --direct_running_mode=multi_processing --direct_num_workers=$(WORKERS) $(ARGS)

train: $(READY) ## train with CONFIG on DATA; on the CPU where there is no GPU
	@if $(PY) -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then cpu=; else \
	  cpu="--accelerator cpu"; echo "no GPU on this machine: training on the CPU (--accelerator cpu), which takes much longer"; fi; \
	set -x; $(PY) -m model train $(CONFIG) --data $(DATA) $$cpu $(ARGS)

# Without a dataset there is still something to evaluate on: the demo's artificial images.
ifeq ($(origin DATA)$(wildcard $(DATA)),file)
EVALUATED = voc:$(UNSEEN) --split all
evaluate: $(UNSEEN)
else
EVALUATED = $(DATA)
endif

evaluate: $(READY) ## number of clicks of WEIGHTS on DATA, or on artificial images before there are any
	$(PY) -m model evaluate --weights $(WEIGHTS) --data $(EVALUATED) $(ARGS)

gate: $(READY) ## whether WEIGHTS may replace the default weights, by VOC and CARPARTS; exit status 0 if so
	$(PY) -m model gate --weights $(WEIGHTS) --voc $(VOC) --carparts $(CARPARTS) --output runs/gate $(ARGS)

$(UNSEEN): | $(READY)
	$(SYNTH_UNSEEN)

bench: $(READY) ## speed and memory of a run beside the bare minimum of work, then milliseconds an answer of each network
	$(PY) bench/pipeline_bench.py $(ARGS)
	$(PY) bench/latency_bench.py $(if $(filter --quick,$(ARGS)),--quick)

compare: $(READY) ## train networks equally on DATA and count their clicks on EVALUATE (e.g. voc:VOC2007); takes hours
	$(PY) bench/networks_bench.py --data $(DATA) $(addprefix --evaluate ,$(EVALUATE)) $(ARGS)

# Photographs as they are, each with all its objects; another graph with GRAPH=….
gpu-pack: GRAPH = configs/graphs/photographs.json
gpu-pack: $(READY) ## what a bare GPU machine lacks, in ./gpu-pack: wheels, and POOLS ("coco:DIR voc:DIR …") as datasets in parts
	$(PY) bench/gpu_pack.py $(POOLS) --graph $(GRAPH) $(ARGS)

docs: $(READY) ## renew the pages that are made from the code: words with their pictures, commands, configs, names for Python
	$(PY) -m pipelines actions --pages docs
	$(PY) docs/reference/generate.py

image: ## build the container images: worker, train, serve
	docker build --target worker --tag smart-tool-worker .
	docker build --target train --tag smart-tool-train .
	docker build --target serve --tag smart-tool-serve .

lock: ## renew requirements.lock from setup.py, in an environment of its own
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet --editable .[data,train,serve,gcs,s3,dev]
	{ echo "# Exact versions of everything, used as constraints: pip install -c requirements.lock ... Renew: make lock"; \
	  $(VENV)-lock/bin/pip freeze --exclude-editable | sed 's/+cpu$$//'; } > requirements.lock
	rm -r $(VENV)-lock

clean: ## remove what the targets made, but no data and no runs
	rm -rf $(VENV) $(SDK) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info $(DEMO)
