# Three images from one file: worker (Beam's SDK harness and the pipelines), train (adds torch), serve (answers clicks).
# Every installation is the command that make runs on a developer's machine, with the same lock file.

FROM python:3.11-slim-bookworm AS base
# The version of make changes nothing in the result.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY setup.py pyproject.toml requirements.lock README.md LICENSE Makefile ./
COPY pipelines pipelines
COPY model model
COPY configs configs
ENV VENV=/opt/venv PATH=/opt/venv/bin:$PATH

FROM base AS worker
RUN make install EXTRAS=data,gcs,s3
COPY --from=apache/beam_python3.11_sdk:2.77.0 /opt/apache/beam /opt/apache/beam
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM base AS train
RUN make install EXTRAS=data,train,gcs,s3
ENTRYPOINT ["python", "-m", "model"]
CMD ["--help"]

FROM base AS serve
RUN make install EXTRAS=serve
ENTRYPOINT ["python", "-m", "model"]
CMD ["predict", "--help"]
