/* The operations, for the table in serve.c. */
#ifndef APP_OPS_OPS_H
#define APP_OPS_OPS_H

#include "app/request/request.h"

extern const struct operation op_chat, op_completions, op_responses, op_input_tokens, op_response,
    op_embeddings, op_images, op_image_edits, op_variations, op_speech, op_transcriptions,
    op_translations, op_models, op_model, op_native, op_verify;

#endif
