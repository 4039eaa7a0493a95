/* What clients and the Gemini API say in the simulator's tests. Bodies of errors: Google's, as
 * users quote them. */
#ifndef TESTS_SIM_TEXTS_H
#define TESTS_SIM_TEXTS_H

/* ---- stands ---- */

#define KEY_1 "pool-key-number-1"
#define KEY_2 "pool-key-number-2"
#define KEY_3 "pool-key-number-3"
#define TOKEN "token-of-the-callers"

#define ONE_KEY    "GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=" TOKEN
#define TWO_KEYS   "GEMINI_API_KEYS=" KEY_1 "," KEY_2, "ACCESS_TOKENS=" TOKEN
#define THREE_KEYS "GEMINI_API_KEYS=" KEY_1 "," KEY_2 "," KEY_3, "ACCESS_TOKENS=" TOKEN

#define BEARER "HTTP_AUTHORIZATION=Bearer " TOKEN
#define GOOGLE "HTTP_X_GOOG_API_KEY=" TOKEN

/* ---- OpenAI's chat ---- */

#define MODEL "gemini-2.5-flash"

#define CHAT_UNARY \
	SLICE("{\"model\":\"" MODEL "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
#define CHAT_STREAM \
	SLICE("{\"model\":\"" MODEL "\",\"stream\":true," \
	      "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
/* Whole requests of a caller with a token. */
#define UNARY  .params = { BEARER }, .body = CHAT_UNARY
#define STREAM .params = { BEARER }, .body = CHAT_STREAM

#define DONE "data: [DONE]\n\n"

/* ---- Gemini's native API ---- */

#define GENERATE        "/v1beta/models/" MODEL ":generateContent"
#define GENERATE_STREAM "/v1beta/models/" MODEL ":streamGenerateContent?alt=sse"
#define CONTENTS        SLICE("{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}")
#define NATIVE          .uri = GENERATE, .params = { GOOGLE }, .body = CONTENTS
#define NATIVE_STREAM   .uri = GENERATE_STREAM, .params = { GOOGLE }, .body = CONTENTS

#define USAGE \
	"\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":5," \
	"\"totalTokenCount\":8}"
#define ANSWER \
	"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"}]}," \
	"\"finishReason\":\"STOP\",\"index\":0}]," USAGE ",\"createTime\":\"1\"}"
#define EVENT(text) \
	"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"" text \
	"\"}]},\"index\":0}],\"createTime\":\"1\"}\r\n\r\n"
#define LAST_EVENT \
	"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]}," \
	"\"finishReason\":\"STOP\",\"index\":0}]," USAGE ",\"createTime\":\"1\"}\r\n\r\n"

/* ---- Google's errors ---- */

#define ERROR_INFO(reason) \
	"{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason "\"," \
	"\"domain\":\"googleapis.com\"}"
#define GOOGLE_ERROR(code, status, message, details) \
	"{\"error\":{\"code\":" #code ",\"message\":\"" message "\",\"status\":\"" status "\"," \
	"\"details\":[" details "]}}"

#define KEY_INVALID \
	GOOGLE_ERROR(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", \
	    ERROR_INFO("API_KEY_INVALID"))
#define KEY_EXPIRED \
	GOOGLE_ERROR(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", \
	    ERROR_INFO("API_KEY_INVALID"))
#define KEY_LEAKED \
	GOOGLE_ERROR(403, "PERMISSION_DENIED", \
	    "Your API key was reported as leaked. Please use another API key.", "")
#define KEY_SUSPENDED \
	GOOGLE_ERROR(403, "PERMISSION_DENIED", \
	    "Permission denied: Consumer 'api_key:x' has been suspended.", \
	    ERROR_INFO("CONSUMER_SUSPENDED"))
#define PAYMENT_TEXT "Your prepayment credits are depleted."
#define PAYMENT      GOOGLE_ERROR(402, "RESOURCE_EXHAUSTED", PAYMENT_TEXT, "")
#define QUOTA_TEXT   "You exceeded your current quota, please check your plan and billing details."
#define QUOTA(id, delay) \
	GOOGLE_ERROR(429, "RESOURCE_EXHAUSTED", QUOTA_TEXT, \
	    "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[" \
	    "{\"quotaId\":\"" id "\",\"quotaValue\":\"10\"}]}," \
	    "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"" delay \
	    "\"}")
#define QUOTA_MINUTE QUOTA("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "26.8s")
#define QUOTA_DAY    QUOTA("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "26.8s")
#define EXHAUSTED \
	GOOGLE_ERROR( \
	    429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", "")
#define OVERLOADED \
	GOOGLE_ERROR(503, "UNAVAILABLE", "The model is overloaded. Please try again later.", "")
#define INTERNAL_ERROR GOOGLE_ERROR(500, "INTERNAL", "An internal error has occurred.", "")
#define BAD_FIELD \
	GOOGLE_ERROR(400, "INVALID_ARGUMENT", \
	    "Invalid JSON payload received. Unknown name \\\"x\\\": Cannot find field.", "")

#endif
