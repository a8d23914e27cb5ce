# The API, the ingest and the command line in one image. No secret goes in: settings come from the environment at run time.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# A wheel index with CPU builds of torch, where the default one serves the CUDA build.
ARG TORCH_INDEX=""

WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /app/.venv \
 && /app/.venv/bin/python -m pip install ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY assistant assistant
COPY ingest ingest
COPY api api
RUN /app/.venv/bin/python -m pip install --no-deps --no-build-isolation --editable .

ENV PATH="/app/.venv/bin:$PATH" FOOTNOTE_HOME=/var/lib/footnote
RUN useradd --system --create-home footnote && install -d -o footnote -g footnote /var/lib/footnote
USER footnote
VOLUME /var/lib/footnote
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=6 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["footnote", "serve", "--host", "0.0.0.0", "--port", "8000"]
