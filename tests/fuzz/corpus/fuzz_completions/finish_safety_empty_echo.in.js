{"model": "gemini-2.5-flash", "prompt": "Once upon a time", "echo": true}
--
{"candidates": [{"index": 0, "finishReason": "SAFETY"}], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "thoughtsTokenCount": 3, "totalTokenCount": 15}}