/* How an upstream call ended, in words that neither libcurl nor the API dialects own. */
#ifndef BASE_NETRESULT_H
#define BASE_NETRESULT_H

/*      symbol     word in the access line */
#define NETRESULTS(X) \
	X(OK, "ok") \
	X(RESOLVE, "resolve") \
	X(CONNECT, "connect") \
	X(TLS, "tls") \
	X(TIMEOUT, "timeout") \
	X(CUT, "cut") \
	X(PROTOCOL, "protocol") \
	X(LOCAL, "local")

enum netresult {
#define NETRESULT_ENUM(symbol, word) NET_##symbol,
	NETRESULTS(NETRESULT_ENUM)
#undef NETRESULT_ENUM
};

const char *netresult_word(enum netresult result);

#endif
