"""What is wrong with the files of a model folder."""

SENTENCES = {
    "The model folder {folder} does not exist.": "모델 폴더 {folder}이(가) 없습니다.",
    "The model file {file} does not exist.": "모델 파일 {file}이(가) 없습니다.",
    "{file} is truncated.": "{file} 파일이 잘렸습니다.",
    "{file} is not a Whisper model of CTranslate2.": (
        "{file} 파일은 CTranslate2용 Whisper 모델이 아닙니다."
    ),
    "{file} lacks {names}.": "{file} 파일에 {names}이(가) 없습니다.",
    "{file} has weights of another shape than Whisper's.": (
        "{file} 파일의 가중치 모양이 Whisper와 다릅니다."
    ),
    "{file} has {one} and {other} heads, which divide no {width}.": (
        "{file} 파일의 헤드 수 {one}, {other}이(가) {width}의 약수가 아닙니다."
    ),
    "{file} has {tokens} tokens, its vocabulary {count}.": (
        "{file} 파일의 토큰은 {tokens}개인데 어휘에는 {count}개 있습니다."
    ),
    "{file} does not belong to the model.bin beside it.": (
        "{file} 파일이 옆에 있는 model.bin과 맞지 않습니다."
    ),
    "{file} is missing, or not the config.json of a Whisper model.": (
        "{file} 파일이 없거나 Whisper 모델의 config.json이 아닙니다."
    ),
    "{folder} has no vocabulary.json.": "{folder} 폴더에 vocabulary.json이 없습니다.",
    "{file} lacks special tokens of Whisper.": "{file} 파일에 Whisper의 특수 토큰이 없습니다.",
    "{file} is not the vocabulary of a Whisper model.": (
        "{file} 파일은 Whisper 모델의 어휘가 아닙니다."
    ),
    "{model} is decoded by {known}, not by {method}.": (
        "{model} 모델에는 {method}이(가) 아니라 {known} 디코딩을 쓰세요."
    ),
    "{file} scores {scored} tokens, not {count}.": (
        "{file} 파일은 토큰 {count}개가 아니라 {scored}개의 점수를 냅니다."
    ),
    "{file} scores {scored} tokens, no durations after {count}.": (
        "{file} 파일은 토큰 {scored}개의 점수를 내지만 {count}개 뒤에 길이가 없습니다."
    ),
    "{file} lacks the tokens {names}.": "{file}에 다음 토큰이 없습니다: {names}.",
    "{file} must have {count} tokens, of which <blk> is the last.": (
        "{file} 파일에는 토큰이 {count}개 있어야 하고 마지막 토큰은 <blk>여야 합니다."
    ),
    "{file} has scores of {count} axes, not 3.": (
        "{file} 파일의 점수가 3차원이 아니라 {count}차원입니다."
    ),
    "{file} has no token <blk>, <eps> or <blank>.": (
        "{file} 파일에 <blk>, <eps>, <blank> 토큰이 모두 없습니다."
    ),
    "{file} does not say how many mel bins it hears.": (
        "{file} 파일에 멜 구간의 수가 적혀 있지 않습니다."
    ),
    "{file} does not say how many mel bins it hears (feat_dim).": (
        "{file} 파일에 멜 구간의 수(feat_dim)가 적혀 있지 않습니다."
    ),
    "{file} has features normalised in a way sherpa-onnx lacks.": (
        "{file} 파일의 특징을 정규화하는 방식을 sherpa-onnx가 지원하지 않습니다."
    ),
    "{file} is not for {rate} Hz.": "{file} 파일은 {rate}Hz용이 아닙니다.",
    "{file} does not embed windows of speech as hwaja needs them.": (
        "{file} 파일은 hwaja에 필요한 방식으로 말소리 구간을 임베딩하지 않습니다."
    ),
    "{file} has lists of unlike length as metadata.": (
        "{file} 파일의 메타데이터에 있는 목록의 길이가 서로 다릅니다."
    ),
    "{file} advances by more than it hears ({step}).": (
        "{file} 파일은 듣는 길이보다 더 많이({step}) 나아갑니다."
    ),
    "{file} has metadata {key} that is too small.": (
        "{file} 파일의 메타데이터 {key}이(가) 너무 작습니다."
    ),
    "{file} has metadata {key} that is too large.": (
        "{file} 파일의 메타데이터 {key}이(가) 너무 큽니다."
    ),
    "{file} has metadata {key} that is too short.": (
        "{file} 파일의 메타데이터 {key}이(가) 너무 짧습니다."
    ),
    "{file} has metadata {key} that is no number.": (
        "{file} 파일의 메타데이터 {key}이(가) 수가 아닙니다."
    ),
    "{file} has metadata {key} that cannot be.": (
        "{file} 파일의 메타데이터 {key}의 값이 올바르지 않습니다."
    ),
    "{file} has metadata {key} that does not fit the graph.": (
        "{file} 파일의 메타데이터 {key}이(가) 그래프와 맞지 않습니다."
    ),
    "{file} has metadata that does not agree with the graphs.": (
        "{file} 파일의 메타데이터가 그래프와 맞지 않습니다."
    ),
    "{file} has metadata {key}, not {count}.": (
        "{file} 파일의 메타데이터 {key}의 값이 {count}이(가) 아닙니다."
    ),
    "{file} has a list as metadata {key}, not a number.": (
        "{file} 파일의 메타데이터 {key}이(가) 수가 아니라 목록입니다."
    ),
    "{file} has {found} numbers as {key}, not {count}.": (
        "{file} 파일의 {key}에 수가 {count}개가 아니라 {found}개 있습니다."
    ),
    "{file} lacks the metadata {names}.": "{file} 파일에 메타데이터 {names}이(가) 없습니다.",
    "{file} has a value {name} that sherpa-onnx cannot use (element type {kind}, {axes} axes).": (
        "{file} 파일에 sherpa-onnx가 쓸 수 없는 값 {name}이(가) 있습니다(원소 종류 {kind}, "
        "{axes}차원)."
    ),
    "{file} has {inputs} inputs and {outputs} outputs, not {more} and {further}.": (
        "{file} 파일의 입력은 {inputs}개, 출력은 {outputs}개인데 각각 {more}개, {further}개여야 "
        "합니다."
    ),
    "{file} has {outputs} outputs, not two for a layer.": (
        "{file} 파일의 출력이 층마다 둘이 아니라 모두 {outputs}개입니다."
    ),
    "{file} lacks tokens: it needs {count}, from 0 on.": (
        "{file} 파일에 토큰이 모자랍니다. 0번부터 {count}개가 필요합니다."
    ),
    "{folder} has no file named {pattern}; one is needed.": (
        "{folder} 폴더에 {pattern} 파일이 없습니다. 하나가 필요합니다."
    ),
    "{folder} has {count} files named {pattern} ({names}); leave the one to use.": (
        "{folder} 폴더에 {pattern} 파일이 {count}개 있습니다({names}). 쓸 파일 하나만 남기세요."
    ),
    "{file} is not an ONNX file ({kind}).": "{file} 파일은 ONNX 파일이 아닙니다({kind}).",
    "{file} is not a token table (token and number on each line).": (
        "{file} 파일은 토큰 표가 아닙니다(줄마다 토큰과 번호)."
    ),
    "{file} is not a token table (base64 and number on each line).": (
        "{file} 파일은 토큰 표가 아닙니다(줄마다 base64와 번호)."
    ),
    "{file} has two tokens with the number {number}.": (
        "{file} 파일에 번호가 {number}인 토큰이 둘 있습니다."
    ),
    "{file} has weights in {other}, which is not beside it.": (
        "{file} 파일의 가중치가 든 {other} 파일이 옆에 없습니다."
    ),
    "{file} cannot be run ({kind}).": "{file} 파일을 실행할 수 없습니다({kind}).",
    "{file} has {tokens} tokens, not {count}.": (
        "{file} 파일의 토큰이 {count}개가 아니라 {tokens}개입니다."
    ),
    "{file} has no token of a language, such as <|en|>.": (
        "{file} 파일에 <|en|> 같은 언어 토큰이 없습니다."
    ),
    "{file} does not belong to {other}.": "{file} 파일이 {other} 파일과 맞지 않습니다.",
    "{file} does not belong to the encoder beside it.": (
        "{file} 파일이 옆에 있는 인코더와 맞지 않습니다."
    ),
    "{file} would need a cache that is too large.": "{file} 파일에 필요한 캐시가 너무 큽니다.",
    "{folder} has no Moonshine of a form that sherpa-onnx knows.": (
        "{folder} 폴더에 sherpa-onnx가 아는 형식의 Moonshine이 없습니다."
    ),
    "{file} does not state the shape of its caches.": (
        "{file} 파일에 캐시의 모양이 적혀 있지 않습니다."
    ),
    "{model} has no token {key} of that number.": (
        "{model} 모델에 그 번호의 토큰 {key}이(가) 없습니다."
    ),
    "{file} is of no family of models that hwaja knows.": (
        "{file} 파일은 hwaja가 아는 모델 계열이 아닙니다."
    ),
    "{file} is no model that adds to its cache (kv_delta).": (
        "{file} 파일은 캐시에 더하는(kv_delta) 모델이 아닙니다."
    ),
    "{folder} has files of different models: their widths differ.": (
        "{folder} 폴더에 서로 다른 모델의 파일이 있습니다(너비가 다름)."
    ),
    "{folder} has {count} folders with a vocab.json; one is needed.": (
        "{folder} 폴더에 vocab.json이 든 폴더가 {count}개 있습니다. 하나가 필요합니다."
    ),
    "{file} is no dictionary of tokens.": "{file} 파일은 토큰 사전이 아닙니다.",
    "{folder} has tokens of another model: {file} has {count}.": (
        "{folder} 폴더에 다른 모델의 토큰이 있습니다({file}의 토큰: {count}개)."
    ),
    "{file} adds to its caches what does not fit them.": (
        "{file} 파일이 캐시에 더하는 값이 캐시와 맞지 않습니다."
    ),
    "{file} has caches that are neither float32 nor float16.": (
        "{file} 파일의 캐시가 float32도 float16도 아닙니다."
    ),
    "{file} is too large for a tokenizer.": "{file} 파일은 토크나이저로 쓰기에 너무 큽니다.",
    "{file} is not a JSON file.": "{file} 파일은 JSON 파일이 아닙니다.",
    "{file} has no tokens as {key}.": "{file} 파일의 {key}에 토큰이 없습니다.",
    "{file} has a token without a number.": "{file} 파일에 번호가 없는 토큰이 있습니다.",
    "{file} is no streaming encoder that sherpa-onnx knows.": (
        "{file} 파일은 sherpa-onnx가 아는 스트리밍 인코더가 아닙니다."
    ),
    "{file} is of another family than the decoder beside it.": (
        "{file} 파일이 옆에 있는 디코더와 다른 계열입니다."
    ),
    "{file} does not have prompt_index as its last input.": (
        "{file} 파일의 마지막 입력이 prompt_index가 아닙니다."
    ),
    "{file} has a negative number as a prompt.": "{file} 파일의 프롬프트에 음수가 있습니다.",
    "{file} joins frames in a way that sherpa-onnx does not.": (
        "{file} 파일이 프레임을 합치는 방식을 sherpa-onnx가 지원하지 않습니다."
    ),
    "{file} has no dictionary as prompt_dictionary.": (
        "{file} 파일의 prompt_dictionary가 사전이 아닙니다."
    ),
    "{folder} is a model of an older hwaja; run `{command}`.": (
        "{folder}은(는) 이전 버전 hwaja의 모델입니다. 다음을 실행하세요: {command}"
    ),
    "{file} names tokens that the model does not have.": (
        "{file} 파일에 모델에 없는 토큰이 적혀 있습니다."
    ),
    "{file} does not have one token for each language.": (
        "{file} 파일에 언어마다 토큰이 하나씩 있지 않습니다."
    ),
    "{file} is not a Whisper {part} for sherpa-onnx.": (
        "{file} 파일은 sherpa-onnx용 Whisper {part}이(가) 아닙니다."
    ),
}
