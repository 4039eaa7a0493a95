{"prompt": "a sea otter", "model": "gemini-3.1-flash-image", "google": {"image_config": {"image_size": 1}}}
--
{}