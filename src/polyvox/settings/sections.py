"""The settings themselves, each with its one line of explanation."""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _from_text(cls, value: Any, info: ValidationInfo) -> Any:
        """Environment variables and files write nothing as "", and lists with commas."""
        field = cls.model_fields[str(info.field_name)]
        default = field.get_default()
        if value == "" and NoneType in get_args(field.annotation):
            return None
        if isinstance(value, str) and isinstance(default, dict):
            return json.loads(value or "{}")
        if isinstance(value, str) and isinstance(default, tuple):
            parts = json.loads(value) if value.startswith("[") else value.split(",")
            return tuple(str(part).strip() for part in parts if str(part).strip())
        return value


class Server(Section):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    max_body_mb: float = Field(4, gt=0, description="Largest request body, in megabytes.")
    header_seconds: float = Field(10, gt=0, description="Time a client has to send its headers.")
    body_seconds: float = Field(30, gt=0, description="Time a client has to send its body.")
    upload_seconds: float = Field(300, gt=0, description="Time a client has to send a file.")
    stall_seconds: float = Field(
        60, gt=0, description="How long a client may stop reading before it is cut off."
    )
    max_connections: int = Field(1000, ge=1, description="Connections served at once.")
    certificate: Path | None = Field(
        None, description="File with the certificate (PEM) to serve HTTPS with; HTTP if unset."
    )
    key: Path | None = Field(None, description="File with the certificate's private key (PEM).")
    gradio: bool = Field(
        False, description="Serve a Gradio page at /gradio; needs the extra `gradio`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="How lines of the log are written; json is one object a line."
    )


class Speech(Section):
    model: str = Field("espeak", description="Model of requests that name none.")
    voice: str | None = Field(None, description="Voice of requests that name none.")
    max_characters: int = Field(4096, ge=1, description="Longest text of one request.")
    max_clip_characters: int = Field(
        500, ge=1, description="Longest text of a clip of the web application."
    )
    clip_wait_seconds: float = Field(
        20, ge=0, description="How long such a clip is waited for, before the answer is a task."
    )
    max_waiting: int = Field(
        256, ge=0, description="Requests that may wait for an engine; more are answered 503."
    )
    max_wait_seconds: float = Field(
        60, gt=0, description="Longest wait for an engine; after it the answer is 503."
    )
    stand_in: str | None = Field(
        None,
        description="Engine that speaks for models whose own engine is not here, such as the "
        "qwen3-tts-… names; unset refuses them with 503.",
    )
    look_ahead: int = Field(
        2, ge=0, le=16, description="Segments of a long text that are spoken before their turn."
    )
    mark_synthetic: bool = Field(
        True, description="Say in the file that the speech is synthetic, where the format can."
    )


class Engines(Section):
    enabled: tuple[str, ...] = Field(("espeak",), description="Engines that may be used.")
    hosts: int = Field(
        0, ge=0, description="Processes of an engine that uses one core each; 0 is one a core."
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N.")
    folder: Path | None = Field(None, description="Folder of drop-in engines.")
    load_seconds: float = Field(300, gt=0, description="Time an engine has to load.")
    chunk_seconds: float = Field(
        120, gt=0, description="Time a loaded engine has for its next piece of sound."
    )
    max_batch: int = Field(
        8, ge=1, description="Requests that are spoken together, by engines that can."
    )
    max_loaded_models: int = Field(
        2, ge=1, description="Models with weights that may be in memory at once."
    )
    keep_alive_seconds: float = Field(
        300, ge=0, description="How long such a model stays in memory unused."
    )
    low_memory: bool = Field(False, description="Free such a model after each request.")
    fallbacks: dict[str, tuple[str, ...]] = Field(
        {}, description="Engines that speak for one that fails, by engine, in their order."
    )
    through: dict[str, str] = Field(
        {}, description="Engine that speaks first, by engine that converts; the default if unset."
    )
    settings: dict[str, dict[str, Any]] = Field(
        {}, description="What engines are told, by engine: addresses, keys."
    )


class Storage(Section):
    folder: Path = Field(
        default_factory=lambda: user_data_path("polyvox", appauthor=False),
        description="Where Polyvox keeps its files.",
    )
    database: str | None = Field(
        None, description="sqlite:///PATH or postgresql://…; a SQLite file in the folder if unset."
    )
    redis: str | None = Field(
        None, description="redis://… shared with other Polyvox processes; `doctor` checks it."
    )

    blobs: str | None = Field(
        None, description="s3://BUCKET/PREFIX for recordings and clips; a folder if unset."
    )
    s3_endpoint: str | None = Field(None, description="https://… of an S3-compatible store.")
    s3_region: str | None = Field(None, description="Region of the bucket.")
    s3_access_key: str | None = Field(None, description="Access key of the store.")
    s3_secret_key: str | None = Field(None, description="Secret key of the store.")
    s3_session_token: str | None = Field(None, description="Session token of the store.")
    signed_urls: bool = Field(
        True, description="Send clients to the S3 store for files, by addresses that expire."
    )
    generated_days: float = Field(
        7, gt=0, description="How long clips of the web application are kept."
    )
    max_gb: float | None = Field(
        None,
        gt=0,
        description="Room for voices, results and clips, in gigabytes; beyond it the oldest "
        "results go. No limit if unset.",
    )


class Voices(Section):
    min_seconds: float = Field(10, gt=0, description="Shortest recording to clone from.")
    max_seconds: float = Field(300, gt=0, description="Longest recording to clone from.")
    max_mb: float = Field(50, gt=0, description="Largest recording, in megabytes.")
    lifetime_days: float | None = Field(
        None, gt=0, description="How long voices are kept; until they are deleted if unset."
    )
    undo_minutes: float = Field(
        10, ge=0, description="How long a deleted voice can be brought back."
    )
    consent_required: bool = Field(
        False, description="Clone only with a note that the speaker agrees."
    )
    private_urls: bool = Field(
        False, description="Fetch recordings from private and loopback addresses too."
    )
    url_seconds: float = Field(30, gt=0, description="Time to fetch a recording from a URL.")


class Profiles(Section):
    lifetime_days: float | None = Field(
        30,
        gt=0,
        description="How long a profile of your own is kept after its last use; empty keeps it.",
    )


class Jobs(Section):
    queue: str = Field(
        "embedded",
        description="embedded: the server works at jobs itself; or the address of a broker, "
        "redis://… or amqp://…, for `polyvox jobs work` (Celery).",
    )
    slots: int = Field(2, ge=1, description="Jobs that one worker does at once.")
    per_engine: int = Field(2, ge=1, description="Jobs of one engine that run at once.")
    attempts: int = Field(
        5, ge=1, description="How often a job is begun that does not get on; then it has failed."
    )
    max_hours: float = Field(6, gt=0, description="Longest time of a job at one go.")
    max_characters: int = Field(2_000_000, ge=1, description="Longest text of one job.")
    keep_days: float | None = Field(
        7, gt=0, description="How long jobs and their results are kept; for good if unset."
    )
    silence_seconds: float = Field(
        20, gt=1, description="Without a sign of life for so long, a worker's jobs are taken over."
    )
    webhook_secret: str | None = Field(
        None, description="Key that signs what webhooks are told; they are refused if unset."
    )
    private_webhooks: bool = Field(
        False, description="Tell webhooks at private and loopback addresses too."
    )


class Cache(Section):
    enabled: bool = Field(True, description="Answer repeated requests from storage.")
    max_mb: float = Field(512, ge=0, description="Room for cached speech, in megabytes.")


class Access(Section):
    keys: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether callers need keys; auto: as soon as other machines can reach the "
        "server.",
    )
    bootstrap: bool = Field(
        False, description="Make a key for admins at the first start, and print it once."
    )
    open_lists: bool = Field(False, description="Let everybody list models, voices and engines.")


class Cluster(Section):
    enabled: bool = Field(
        False, description="Speak through nodes that register, as `polyvox gateway` does."
    )
    token: str | None = Field(
        None,
        description="Shared by gateways and workers, at least 16 characters; without one they "
        "stay on this machine.",
    )
    redis: str | None = Field(
        None, description="redis://… where several gateways keep their nodes and limits."
    )
    balance: Literal["round-robin", "least-outstanding", "affinity"] = Field(
        "round-robin", description="Which node speaks next; affinity keeps a voice on one."
    )
    dead_seconds: float = Field(
        30, gt=0, description="Without a sign of life for so long, a node gets nothing more."
    )
    silence_seconds: float = Field(
        5, gt=1, description="A node that sends nothing for so long is lost; another goes on."
    )
    gateways: tuple[str, ...] = Field((), description="Where a worker registers, http(s)://….")
    advertise: str | None = Field(
        None, description="Where gateways reach a worker; its own address if unset."
    )
    beat_seconds: float = Field(10, gt=0, description="Time between a worker's signs of life.")
    drain_seconds: float = Field(
        120, ge=0, description="Time a stopped worker has for what it is speaking."
    )
    waiting: int = Field(
        4, ge=0, description="Requests that may wait at a worker; more go to another one."
    )


class Rates(Section):
    per_minute: int | None = Field(
        None, ge=1, description="Requests a minute from all clients; a gateway starts with 1000."
    )
    per_address: int | None = Field(
        None, ge=1, description="Requests a minute from one address; a gateway starts with 100."
    )
    at_once: int | None = Field(
        None, ge=1, description="Requests answered at once; a gateway starts with 50."
    )


class Settings(Section):
    """All sections."""

    server: Server = Server()
    speech: Speech = Speech()
    engines: Engines = Engines()
    storage: Storage = Field(default_factory=Storage)
    voices: Voices = Voices()
    profiles: Profiles = Profiles()
    jobs: Jobs = Jobs()
    cache: Cache = Cache()
    access: Access = Access()
    cluster: Cluster = Cluster()
    rates: Rates = Rates()

    @property
    def keys_needed(self) -> bool:
        here = self.server.host in ("127.0.0.1", "::1", "localhost")
        return self.access.keys == "on" or (self.access.keys == "auto" and not here)

    @property
    def database_url(self) -> str:
        return self.storage.database or f"sqlite:///{self.storage.folder / 'polyvox.db'}"
