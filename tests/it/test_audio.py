"""/audio/speech, /audio/transcriptions and /audio/translations."""

import base64
import json
import struct

from calls import form, post, scripted
from stack import Stack
from tap import called, contains, each, equal, once, true

SPEECH = "/v1/audio/speech"
TRANSCRIPTIONS = "/v1/audio/transcriptions"
NEW, OLD = "gemini-3.8-flash-tts", "gemini-2.5-flash-preview-tts"
HEARS = "gemini-3.5-transcribe"


def wav(seconds=1, rate=16000):
    data = b"\1\0" * (rate * seconds)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16)
    head += struct.pack("<HHIIHH4sI", 1, 1, rate, rate * 2, 2, 16, b"data", len(data))
    return head + data


def say(s, model=NEW, status=200, **more):
    body = dict({"model": model, "input": "Hello there", "voice": "alloy"}, **more)
    return post(s, SPEECH, body, status=status)


def hear(s, *fields, model=HEARS, data=None, status=200, path=TRANSCRIPTIONS):
    file = ("file", "a.wav", "audio/wav", data or wav())
    return form(s, path, [("model", model)] + list(fields), [file], status=status)


@each
def speech_is_a_wav_file_or_its_samples(s):
    for model in (NEW, OLD):
        out = say(s, model, response_format="wav")
        equal(out.type, "audio/wav", "type")
        equal((out.data[:4], out.data[8:12]), (b"RIFF", b"WAVE"), "head of " + model)
        equal(out.data.count(b"RIFF"), 1, "one head of " + model)
        size = struct.unpack("<I", out.data[4:8])[0]
        equal(size, len(out.data) - 8, "size in the head of " + model)
        samples = say(s, model, response_format="pcm")
        equal(samples.type, "audio/pcm", "type of samples")
        equal(samples.data, out.data[44:], "samples of " + model)


@once
def coded_speech_comes_from_models_that_make_it(options):
    with Stack(options) as s:
        out = say(s)
        equal((out.type, out.data[:3]), ("audio/mpeg", b"ID3"), "mp3 is what comes by itself")
        out = say(s, response_format="opus")
        equal((out.type, out.data[:4]), ("audio/ogg", b"OggS"), "opus")
        for model, name in ((OLD, "mp3"), (OLD, "opus"), (NEW, "flac"), (NEW, "aac")):
            out = say(s, model, response_format=name, status=400)
            equal(out.error["param"], "response_format", "param")
            contains(out.error["message"], "wav")
        out = say(s, response_format="tape", status=400)
        equal(out.error["param"], "response_format", "param")


@each
def speech_streams_as_sound_and_as_events(s):
    whole = say(s, response_format="pcm").data
    out = say(s, response_format="pcm", stream_format="audio")
    equal((out.type, out.data), ("audio/pcm", whole), "streamed samples")
    out = say(s, response_format="wav", stream_format="audio")
    equal(out.data[:4], b"RIFF", "head of a streamed file")
    equal(out.data.count(b"RIFF"), 1, "heads of a streamed file")
    true(out.data.endswith(whole[-1000:]), "the samples are all there")
    out = say(s, response_format="pcm", stream_format="sse")
    sound = b"".join(
        base64.b64decode(c["audio"]) for c in out.chunks if c["type"] == "speech.audio.delta"
    )
    equal(sound, whole, "samples of the events")
    equal(out.chunks[-1]["type"], "speech.audio.done", "last event")
    true(out.chunks[-1]["usage"]["total_tokens"] > 0, "usage")


@once
def voices_and_instructions_go_up(options):
    def config(out):
        return out.sent_one()["generationConfig"]["speechConfig"]["voiceConfig"]

    with Stack(options) as s:
        for voice in ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage"):
            true(config(say(s, voice=voice))["prebuiltVoiceConfig"]["voiceName"], voice)
        got = config(say(s, voice="Puck"))
        equal(got["prebuiltVoiceConfig"]["voiceName"], "Puck", "a voice of Google's")
        contains(json.dumps(say(s, instructions="whisper it").sent_one()), "whisper it")
        out = say(s, speed=1.5, status=None)
        true(out.status == 400 or "/speed" in out.changes, "speed is refused or told")
        equal(say(s, input="", status=400).error["param"], "input", "param")
        equal(say(s, input="a" * 5000, status=None).status in (200, 400), True, "long input")
        equal(say(s, "gemini-2.5-flash", status=400).error["param"], "model", "param")


@each
def transcripts_come_in_every_format(s):
    out = hear(s)
    text = out.value["text"]
    contains(text, "naïve café")
    equal(hear(s, ("response_format", "text")).data.decode().strip(), text, "plain text")
    out = hear(
        s,
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
    )
    equal([w["word"] for w in out.value["words"]], text.split(), "words")
    times = [(w["start"], w["end"]) for w in out.value["words"]]
    equal(times, sorted(times), "times in order")
    true(out.value["segments"] and out.value["duration"] > 0, "segments and duration")
    srt = hear(s, ("response_format", "srt")).data.decode()
    contains(srt, "00:00:00,000 --> ")
    equal(srt[:2], "1\n", "first number")
    vtt = hear(s, ("response_format", "vtt")).data.decode()
    contains(vtt, "00:00:00.000 --> ")
    equal(vtt[:6], "WEBVTT", "head")
    out = hear(s, ("response_format", "diarized_json"), ("chunking_strategy", "auto"))
    true(all(x["speaker"] for x in out.value["segments"]), "speakers")


@each
def a_transcript_streams(s):
    text = hear(s).value["text"]
    for model in (HEARS, "gemini-2.5-flash"):
        out = hear(s, ("stream", "true"), model=model)
        equal(
            "".join(c["delta"] for c in out.chunks if c["type"] == "transcript.text.delta"),
            text,
            "text of the deltas",
        )
        equal(
            (out.chunks[-1]["type"], out.chunks[-1]["text"]), ("transcript.text.done", text), "end"
        )


@once
def a_model_that_takes_audio_transcribes_without_times(options):
    with Stack(options) as s:
        contains(hear(s, model="gemini-2.5-flash").value["text"], "naïve café")
        out = hear(s, ("response_format", "srt"), model="gemini-2.5-flash", status=400)
        equal(out.error["param"], "response_format", "param")
        contains(out.error["message"], HEARS)


@once
@called("the names of OpenAI's models for sound and pictures work")
def names(options):
    with Stack(options) as s:
        for model in ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"):
            true(hear(s, ("response_format", "srt"), model=model).data, "times from " + model)
        for model in ("tts-1", "tts-1-hd", "gpt-4o-mini-tts"):
            true(say(s, model).data, "sound from " + model)
        for model in ("dall-e-3", "gpt-image-1"):
            body = {"model": model, "prompt": "a cat"}
            true(post(s, "/v1/images/generations", body).value["data"], "pictures from " + model)


@once
def settings_of_a_transcript_go_up(options):
    with Stack(options) as s:
        sent = hear(s, ("language", "de"), ("prompt", "Zürich, Möve")).sent_one()
        config = json.dumps(sent, ensure_ascii=False)
        contains(config, '"de"')
        contains(config, "Zürich")
        out = hear(s, ("temperature", "0.2"), ("include[]", "logprobs"), status=None)
        true(out.status == 400 or out.changes, "what is not mapped is told")
        out = form(s, TRANSCRIPTIONS, [("model", HEARS)], [], status=400)
        equal(out.error["param"], "file", "param without a file")
        out = form(s, TRANSCRIPTIONS, [], [("file", "a.wav", "audio/wav", wav())], status=400)
        equal(out.error["param"], "model", "param without a model")
        out = hear(s, ("response_format", "tape"), status=400)
        equal(out.error["param"], "response_format", "param")


@once
def a_translation_is_a_transcript_in_english(options):
    with Stack(options) as s:
        out = hear(s, model="gemini-2.5-flash", path="/v1/audio/translations")
        true(out.value["text"], "there is a text")
        contains(json.dumps(out.sent_one()), "English")
        out = hear(
            s, ("response_format", "text"), model="gemini-2.5-flash", path="/v1/audio/translations"
        )
        true(out.data.strip(), "there is plain text")


@each
def failures_of_speech_keep_their_status(s):
    for fault, status in (("key_invalid", 401), ("model_missing", 404)):
        for more in ({}, {"stream_format": "sse"}, {"stream_format": "audio"}):
            body = {"model": NEW, "input": "x", "voice": "alloy", "response_format": "pcm"}
            out = post(s, SPEECH, dict(body, **more), s.key(fault), status=status)
            true(out.error["message"], "there is a message")
    good, bad = s.key(), s.key("key_invalid")
    body = {"model": NEW, "input": "x", "voice": "alloy", "response_format": "pcm"}
    true(post(s, SPEECH, body, "%s,%s" % (bad, good)).data, "another key cures")


@once
@called("a heartbeat goes into speech as events, never into sound")
def heartbeat(options):
    body = {"model": NEW, "input": "x", "voice": "alloy", "response_format": "pcm"}
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        whole = post(s, SPEECH, body).data
        with scripted(s, {"delay_ms": 500}):
            equal(post(s, SPEECH, dict(body, stream_format="audio")).data, whole, "sound")
            out = post(s, SPEECH, dict(body, stream_format="sse"))
            equal(out.chunks[-1]["type"], "speech.audio.done", "last event")
