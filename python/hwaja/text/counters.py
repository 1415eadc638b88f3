"""The counters of Korean numbers, and which words beside a number make it certain.

A counter decides how its number is read: 세 시, but 삼 분. The lists are own code, because the one
library that has them (`kocer.counters`, MIT) serves to score texts: where both readings are
possible it allows both, and it does not say which words are a number at all.
"""

import re
from enum import Enum


class Reading(Enum):
    """How a number is read before a counter."""

    SINO = "sino-Korean: 삼 분"
    NATIVE = "native below 20, either from there: 세 명, 서른다섯 명 or 삼십오 명"
    AGE = "native up to 99: 서른다섯 살"
    HOUR = "native from 1 to 12, sino-Korean otherwise: 세 시, 십삼 시"
    EITHER = "either, with two meanings: 세 번 (three times), 삼 번 (number three)"


_WORDS = {
    Reading.SINO: """년 월 일 분 초 원 층 호 호선 도 퍼센트 프로 학년 학기 반 세 인분 번지 번길
        미터 센티미터 센티 밀리미터 밀리 킬로미터 킬로그램 킬로 그램 리터 밀리리터 인치 톤 평
        회 회차 차 위 등 급 기 단계 페이지 교시 개월 개국 개소 개년 세기 주년 주기 박 인 분기
        달러 유로 엔 위안 와트 볼트 차선 칼로리 데시벨""",
    Reading.NATIVE: """명 개 시간 마리 병 잔 그루 송이 켤레 자루 상자 봉지 컵 접시 조각 알 가지
        군데 곳 달 사람 번째 끼 쌍 줄 채""",
    Reading.AGE: "살",
    Reading.HOUR: "시",
    Reading.EITHER: "번 주 대 장 동 쪽 권 배 점 편 팀",
}
READINGS = {word: reading for reading, words in _WORDS.items() for word in words.split()}
"""How the number before each counter is read."""

SMALL_IN_WORDS = frozenset(
    ["잔", "사람", "달", "가지", "군데", "곳", "끼", "번째", "쌍", "줄", "채"]
)
"""Counters whose numbers up to ten are written in words in both styles: 두 사람, 첫 번째."""

NEXT = {
    "년": {"월"},
    "월": {"일"},
    "시": {"분"},
    "분": {"초"},
    "학년": {"반"},
    "반": {"번"},
    "동": {"호"},
    "제": {"차", "회", "호"},
}
"""The counters that may follow each counter within one date, time or place, and 제 (제삼차)."""

_MEASURES = [
    "퍼센트",
    "인분",
    "개월",
    "미터",
    "센티미터",
    "센티",
    "킬로미터",
    "킬로그램",
    "킬로",
    "리터",
    "교시",
    "달러",
]
_COMMON = frozenset(["년", "분", "층", "학년", "호선", *_MEASURES])
_SURE = _COMMON | frozenset(["초", "학기", "세", "주년", "번지", "단계", "박", "톤", "평", "개국"])

ALONE_SPACED = {
    "일": _COMMON | {"초", "학기"},
    "이": frozenset(_MEASURES) | {"학년", "호선"},
    "삼": _SURE,
    "사": _COMMON,
    "오": _COMMON | {"초"},
    "육": _SURE,
    "칠": _SURE,
    "팔": _SURE,
    "구": _COMMON,
    "십": _COMMON | {"초", "원", "대"},
    "백": frozenset(["년", "원", "명", "개", "살", "마리", *_MEASURES]),
    "천": frozenset(["원", "명", "개", "년", "미터", "달러"]),
    "만": frozenset(["원", "명", "개", "달러", "미터"]),
}
"""The counters that make a number out of a syllable that is also a word of its own (이, 일, 사)."""

_JOINED = frozenset(["등", "위", "차"])
ALONE_ATTACHED = {
    "일": _COMMON | _JOINED | {"학기", "월"},
    "이": frozenset(_MEASURES) | {"학년", "학기", "호선", "층", "등"},
    "삼": _SURE | _JOINED | {"월"},
    "사": _COMMON | {"월"},
    "오": _COMMON | {"월"},
    "육": (_SURE - {"박"}) | {"위", "등"},
    "칠": _SURE | {"위", "등", "월"},
    "팔": _SURE | {"위", "등", "월"},
    "구": (_COMMON - {"분"}) | {"월"},
    "십": _COMMON | {"초", "원", "대"},
    "백": frozenset(["원", "명", "개", "살", "마리", *_MEASURES]),
    "천": frozenset(["원", "명", "개", "미터", "달러"]),
    "만": frozenset(["명"]),
}
"""The same where the counter is written without a space: 이층, but not 사회 (society)."""

NATIVE_ATTACHED = {
    "한": frozenset(["명", "개", "시간", "마리"]),
    "열": frozenset(["명", "개", "시", "시간", "살", "마리"]),
}
"""The counters that may be attached to words that other words begin with (한살이, 열병)."""

NAMES = re.compile("이천|사천|[이사오구]만|[백천만][일사이]|.조")
"""Numbers that are also names and words: a town, arrogance, an angel, a swan."""

SURE_AFTER_NAMES = frozenset(["원", "달러", "명", "미터", "그램"])
"""The counters before which `NAMES` are numbers."""

LARGEST = {"도": 999, "세": 150, "분": 999, "층": 200, "명": 10**10}
"""The largest number before a counter that is also an ending."""

SPANS_ALONE = {"년": "이", "일": "삼사오육칠팔구십백천", "초": "이사구백"}
"""Syllables that are numbers before a counter if `SPAN_FOLLOWS`."""

SPAN_FOLLOWS = re.compile(
    r" ?(전|후|뒤|동안|만에|간(?![가-힣])|째(?![가-힣])|이내|안에|넘게|가까이)"
)
"""What follows a length of time and no person, work or year: 이 년 전, but not 이 분은."""

WORDS_AFTER_FULL = re.compile(r" ?(이해|활용|발휘|공감|감안|고려|이용)")
"""What follows 십분 (fully)."""

_SUFFIX = "쯤|정도|가량|씩|째|간|동안|전|후|뒤|경|이상|이하|이내|미만|짜리|밖에|당|치|생|차|반"
_JOSA = (
    "에서부터|에서는|에서도|에서|에는|에도|에만|에게|에|까지는|까지만|까지도|까지|부터는|부터|으로는|으로|로는|로"
    "|마다|보다는|보다|처럼|만큼|만은|만|도|은|는|이나|나|이랑|랑|이라도|라도|이라는|라는|이라고|라고|이라|라"
    "|이든|든|과|와|하고|을|를|이|가|의|께"
)
_COPULA = (
    "입니다만|입니다|입니까|이에요|예요|이요|요|이야|야|이죠|죠|이지만|지만|이지|지|이고요|이고|고요|고|이면|면"
    "|인데요|인데|이니까|니까|이었어요|였어요|이었는데|였는데|이었고|였고|이었|이라서|라서|이거든요|거든요|인가요"
    "|인가|인지|인|일까요|이네요|네요|이래요|래요|이랍니다|이라니|이며|며|이다|다"
)
COPULA = re.compile(rf"(?:{_COPULA})")
"""The endings of to be: 입니다, 이에요."""

AFTER_COUNTER = re.compile(rf"(?:{_SUFFIX})?(?:{_SUFFIX})?(?:{_JOSA})?(?:{_JOSA})?(?:{_COPULA})?")
"""What may follow a counter, or a number, up to the end of its word."""

AFTER_DAY = re.compile(
    r"(?:쯤|경|자|날|째|치|간|이후|이전)?(?:에서|에는|에도|에|까지는|까지|부터는|부터)?"
)
"""What may follow a day of the month without its month, where 일 could also be the digit 1."""
