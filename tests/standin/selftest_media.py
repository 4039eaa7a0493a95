"""Part of selftest.py: pictures, speech, transcripts, embeddings, uploads, files to fetch."""
import base64
import http.client
import struct
import zlib

from selftest import G3, PNG, USER, ask, call, control, eq, generate, ok, text_of, turns

IMAGE, IMAGE_OLD = "gemini-3.1-flash-image", "gemini-2.5-flash-image"
TTS, TTS_WAV = "gemini-3.1-flash-tts-preview", "gemini-3.8-flash-tts"
WORDS = "gemini-3.5-transcribe"


def parts_of(doc):
    return doc["candidates"][0]["content"]["parts"]


def blob(part):
    return base64.b64decode(part["inlineData"]["data"])


def png_size(data):
    """Width and height of a picture whose checksums are right, or None."""
    at, good, pixels = 8, data[:8] == b"\x89PNG\r\n\x1a\n", b""
    while at < len(data):
        size, = struct.unpack(">I", data[at:at + 4])
        chunk = data[at + 4:at + 8 + size]
        good = good and zlib.crc32(chunk) == struct.unpack(">I", data[at + 8 + size:][:4])[0]
        if chunk[:4] == b"IDAT":
            pixels = zlib.decompress(chunk[4:])
        at += 12 + size
    w, h = struct.unpack(">II", data[16:24])
    return (w, h) if good and len(pixels) == (w + 1) * h else None


def picture(text="a cat", contents=None, **image):
    body = contents or ask(text)
    return {**body, "generationConfig": {"responseModalities": ["TEXT", "IMAGE"],
                                         **({"imageConfig": image} if image else {})}}


def test_images(s):
    parts = parts_of(generate(s, picture(), IMAGE).json)
    eq([(p.get("thought"), "inlineData" in p) for p in parts],
       [(True, True), (None, False), (None, True)], "a thought picture, text, a picture")
    ok(png_size(blob(parts[2])) == (2, 2) and "thoughtSignature" in parts[2], "a signed PNG")
    parts = parts_of(generate(s, picture(aspectRatio="16:9", imageSize="4K"), IMAGE).json)
    eq(png_size(blob(parts[-1])), (128, 72), "its proportions and size")
    for model, image, fragment in (
            (IMAGE, {"aspectRatio": "7:5"}, "aspect ratio 7:5"),
            (IMAGE_OLD, {"aspectRatio": "1:8"}, "aspect ratio 1:8"),
            (IMAGE_OLD, {"imageSize": "1K"}, "image_size: not supported"),
            ("gemini-3-pro-image", {"imageSize": "512"}, "must be one of 1K"),
            (IMAGE, {"imageSize": "1k"}, "must be one of 512, 1K")):
        r = generate(s, picture(**image), model)
        ok(r.status == 400 and fragment in r.message, f"{model}: {fragment}", r.text)
    eq(generate(s, ask(generationConfig={"imageConfig": {"aspectRatio": "1:1"}}), G3).status, 400,
       "no picture settings on text models")
    eq(generate(s, ask(generationConfig={"responseModalities": ["TEXT"]}), IMAGE).status, 400,
       "no text alone from image models")
    given = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    body = picture(contents=turns({"role": "user", "parts": [given, given, {"text": "mix"}]}))
    ok("made from 2 images" in text_of(generate(s, body, IMAGE).json), "pictures that came in")
    parts = parts_of(generate(s, picture("images:3"), IMAGE_OLD).json)
    eq((len(parts), len({blob(p) for p in parts[1:]})), (4, 3), "three pictures")
    for reason in ("NO_IMAGE", "IMAGE_SAFETY"):
        doc = generate(s, picture("finish:" + reason), IMAGE).json["candidates"][0]
        ok(doc["finishReason"] == reason and "finishMessage" in doc and "content" not in doc,
           reason, doc)
    made = [p for p in parts_of(generate(s, picture(), IMAGE).json) if not p.get("thought")]
    before = control(s, "GET", "stats").json["signed_images"]
    edit = picture(contents=turns(USER, {"role": "model", "parts": made}, USER))
    eq(generate(s, edit, IMAGE).status, 200, "editing on")
    eq(control(s, "GET", "stats").json["signed_images"] - before, 1, "its signature is counted")
    del made[1]["thoughtSignature"]
    r = generate(s, edit, IMAGE)
    ok("Image part is missing a thought_signature in content position 2, part position 2" in
       r.message, "without a signature", r.text)


def speech(text="hello", voice="Kore", **more):
    return ask(text, generationConfig={"responseModalities": ["AUDIO"], "speechConfig": {
        "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}}, **more})


def test_speech(s):
    part = parts_of(generate(s, speech(), TTS).json)[0]
    eq((part["inlineData"]["mimeType"], len(blob(part))),
       ("audio/L16;codec=pcm;rate=24000", 4800), "100 ms of sound without a header")
    longer = blob(parts_of(generate(s, speech("hello" * 20), TTS).json)[0])
    eq(len(longer), 24 * 2 * 1050, "longer for a longer text")
    events = generate(s, speech("hello" * 20), TTS, stream=True).events()
    pieces = [blob(p) for e in events for p in parts_of(e)]
    ok(len(pieces) > 3 and b"".join(pieces) == longer, "in several events")
    data = blob(parts_of(generate(s, speech(), TTS_WAV).json)[0])
    eq((data[:4], len(data)), (b"RIFF", 4844), "sound in a WAV container")
    events = generate(s, speech("hello" * 20), TTS_WAV, stream=True).events()
    eq([blob(parts_of(e)[0])[:4] == b"RIFF" for e in events].count(True), 1, "one header")
    for name, mime, magic in (("AUDIO_MP3", "audio/mpeg", b"ID3"),
                              ("AUDIO_OGG_OPUS", "audio/ogg;codecs=opus", b"OggS"),
                              ("AUDIO_L16", "audio/L16;codec=pcm;rate=16000", b"\0\0")):
        body = speech(responseFormat={"audio": {"mimeType": name, "sampleRate": 16000}})
        part = parts_of(generate(s, body, TTS_WAV).json)[0]
        ok(part["inlineData"]["mimeType"] == mime and blob(part).startswith(magic), name, part)
        eq(generate(s, body, TTS).status, 400, "not on older models")
    two = [{"speaker": n, "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Puck"}}}
           for n in "AB"]
    body = speech()
    body["generationConfig"]["speechConfig"] = {
        "multiSpeakerVoiceConfig": {"speakerVoiceConfigs": two}}
    eq(generate(s, body, TTS).status, 200, "two speakers")
    for body, fragment in ((speech(voice="alloy"), "Voice name alloy is not supported"),
                           (ask(generationConfig={"responseModalities": ["AUDIO"]}),
                            "speech_config"),
                           (ask(), "response modalities (TEXT)"),
                           ({**speech(), "systemInstruction": {"parts": [{"text": "x"}]}},
                            "Developer instruction is not enabled")):
        r = generate(s, body, TTS)
        ok(r.status == 400 and fragment in r.message, fragment, r.text)
    eq(generate(s, speech(), G3).status, 400, "text models do not speak")


def sound(size, text=None, **settings):
    parts = [{"inlineData": {"mimeType": "audio/wav",
                             "data": base64.b64encode(bytes(size)).decode()}}]
    body = turns({"role": "user", "parts": parts + ([{"text": text}] if text else [])})
    return {**body, "generationConfig": {"audioTranscriptionConfig": settings}} if settings \
        else body


def test_transcripts(s):
    piece = parts_of(generate(s, sound(24000), WORDS).json)[0]["audioTranscription"]
    eq((len(piece["text"].split()), piece["finished"], "words" in piece), (8, True, False),
       "a word for each 8,000 bytes on top of five")
    settings = {"wordTimestamp": True, "languageCodes": ["de-DE"], "customVocabulary": ["Zebra"]}
    piece = parts_of(generate(s, sound(24000, **settings), WORDS).json)[0]["audioTranscription"]
    eq((piece["languageCode"], piece["words"][0], piece["words"][1]["startOffset"]),
       ("de-DE", {"word": "Zebra", "endOffset": "0.400s"}, "0.400s"), "words with times")
    parts = parts_of(generate(s, sound(24000, diarization=True), WORDS).json)
    eq([p["audioTranscription"]["speakerLabel"] for p in parts],
       ["speaker_1", "speaker_2", "speaker_1"], "speakers")
    events = generate(s, sound(80000), WORDS, stream=True).events()
    eq(len("".join(p["audioTranscription"]["text"] for e in events
                   for p in parts_of(e)).split()), 15, "in a stream")
    ok(len(events) == 3, "of several events", events)
    eq(text_of(generate(s, sound(24000, "Transcribe this."), G3).json).count(" "), 7,
       "plain text from other models")
    for model, body in ((WORDS, ask()), (G3, sound(9, wordTimestamp=True)),
                        (WORDS, sound(9, languageCodes=["not a language"]))):
        eq(generate(s, body, model).status, 400, f"{model}: {str(body)[:60]}")


def test_embedding_usage(s):
    def embed(model, parts, **more):
        return call(s, "POST", f"/v1beta/models/{model}:embedContent",
                    {"content": {"parts": parts}, **more})
    two = [{"text": "a cat"}, {"text": "a dog"}]
    ok("usageMetadata" not in embed("gemini-embedding-001", two).json, "001 counts nothing")
    doc = embed("gemini-embedding-2", two).json
    ok(doc["usageMetadata"]["promptTokenCount"] > 0, "2 does", doc.get("usageMetadata"))
    eq(len(doc["embedding"]["values"]), 3072, "several parts give one vector")
    media = [{"inlineData": {"mimeType": "image/png", "data": PNG}}]
    eq((embed("gemini-embedding-001", media).status, embed("gemini-embedding-2", media).status),
       (400, 200), "pictures for 2 only")


def test_multipart(s):
    body = (b"--xx\r\nContent-Type: application/json\r\n\r\n"
            b'{"file": {"displayName": "d"}}\r\n--xx\r\nContent-Type: text/plain\r\n\r\n'
            b"the bytes\r\n--xx--\r\n")
    r = call(s, "POST", "/upload/v1beta/files", body, headers={
        "X-Goog-Upload-Protocol": "multipart", "Content-Type": 'multipart/related; boundary="xx"'},
        key="multi")
    f = r.json["file"]
    eq((f["displayName"], f["mimeType"], f["sizeBytes"]), ("d", "text/plain", "9"),
       "an upload in one request")
    r = call(s, "POST", "/upload/v1beta/files", b"x", headers={
        "X-Goog-Upload-Protocol": "multipart", "Content-Type": "text/plain"})
    eq(r.status, 400, "no multipart body")
    for uri in ("https://www.youtube.com/watch?v=x", "https://example.com/a.png"):
        body = turns({"parts": [{"fileData": {"fileUri": uri}}, {"text": "x"}]})
        eq(generate(s, body, G3).status, 200, uri)
    far = {"fileData": {"fileUri": "https://x.example/unfetchable"}}
    r = generate(s, turns({"parts": [far]}))
    ok("Cannot fetch content from the provided URL." in r.message, "what cannot be fetched", r.text)
    body = turns({"parts": [{"text": "a", "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}]})
    eq((generate(s, body).status, generate(s, body, G3).status), (400, 200), "media resolution")


def get(s, path, size=None):
    conn = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20)
    conn.request("GET", "/_media/" + path)
    response = conn.getresponse()
    try:
        return response, response.read(size) if size else response.read()
    finally:
        conn.close()


def test_fetched(s):
    for path, kind, start in (
            ("a.png", "image/png", b"\x89PNG"), ("a.jpg", "image/jpeg", b"\xff\xd8"),
            ("a.pdf", "application/pdf", b"%PDF"), ("a.wav", "audio/wav", b"RIFF"),
            ("a.mp4", "video/mp4", b"\0\0\0\x18ftyp"), ("no-type", None, b"\x89P"),
            ("html-as-png", "image/png", b"<!DOC"), ("a.gif", "image/gif", b"GIF"),
            ("a.webp", "image/webp", b"RIFF"), ("empty.png", "image/png", b"")):
        r, data = get(s, path)
        eq((r.status, r.headers["Content-Type"], data[:len(start)]), (200, kind, start), path)
    ok(png_size(get(s, "a.png")[1]), "a picture that can be read")
    for path, target in (("redirect", "/_media/a.png"), ("chain-3", "/_media/chain-2"),
                         ("chain-1", "/_media/a.png"), ("redirect-loop", "/_media/redirect-loop"),
                         ("redirect-loopback", f"http://127.0.0.1:{s.port}/_media/a.png"),
                         ("redirect-metadata", "http://169.254.169.254/latest/meta-data/"),
                         ("to?url=http%3A%2F%2F10.0.0.1%2F", "http://10.0.0.1/")):
        r, _ = get(s, path)
        eq((r.status, r.headers["Location"]), (302, target), path)
    eq((get(s, "status-404")[0].status, get(s, "nothing")[0].status), (404, 404), "not found")
    eq(len(get(s, "size-300000")[1]), 300000, "so many bytes")
    r, data = get(s, "endless", 3_000_000)
    eq((r.headers["Content-Length"], len(data)), (None, 3_000_000), "an endless body")
    r, data = get(s, "huge", 10)
    eq((r.headers["Content-Length"], len(data)), ("107374182400", 10), "a huge announcement")
    eq(get(s, "drip", 2)[1], b"xx", "a slow one")
    for path, wrong in (("short", http.client.IncompleteRead), ("reset", OSError)):
        try:
            get(s, path)
            good = False
        except wrong:
            good = True
        ok(good, path)
    seen = control(s, "GET", "requests").json
    ok(any(r["path"] == "/_media/a.png" for r in seen), "fetches are recorded")


TESTS = (test_images, test_speech, test_transcripts, test_embedding_usage, test_multipart,
         test_fetched)
