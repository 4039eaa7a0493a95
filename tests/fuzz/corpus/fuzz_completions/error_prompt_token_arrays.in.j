{"model": "gemini-2.5-flash", "prompt": [[1, 2]]}
--
null