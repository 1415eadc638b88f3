{{/* Names of pods are names of nodes, at most 32 characters: this and "-9999". */}}
{{- define "hwaja.name" -}}
{{- $name := ternary .Release.Name (printf "%s-hwaja" .Release.Name) (contains "hwaja" .Release.Name) -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]{0,26}$" $name) -}}
{{- fail (printf "The release makes nodes called %s: it needs small letters, digits and -, a letter first, and at most 27 characters." $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "hwaja.selector" -}}
app.kubernetes.io/name: hwaja
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hwaja.labels" -}}
{{ include "hwaja.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "hwaja.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* The server's own notice (3 s) and time for the close frames (2 s), and a reserve of 10 s. */}}
{{- define "hwaja.graceSeconds" -}}
{{- with .Values.ending }}{{ add .notice 3 .finish .drain 2 10 }}{{ end -}}
{{- end -}}

{{/* The table of docs/deployment.md: the server process with its helpers, and each worker. */}}
{{- define "hwaja.memory" -}}
{{ .Values.resources.memory | default (printf "%dMi" (add 1200 (mul 900 (int .Values.workers)))) }}
{{- end -}}

{{/* A value of TOML. Helm reads every number as a float. */}}
{{- define "hwaja.toml" -}}
{{- if kindIs "string" . }}{{ . | toJson }}
{{- else if kindIs "bool" . }}{{ . }}
{{- else if eq (floor .) (float64 .) }}{{ int64 . }}
{{- else }}{{ . }}
{{- end -}}
{{- end -}}

{{- define "hwaja.scheme" -}}
{{ ternary "HTTPS" "HTTP" (eq .Values.tls "nodes") }}
{{- end -}}

{{- define "hwaja.check" -}}
{{- with .Values -}}
{{- if and (eq .tls "nodes") (not .secrets.certificate) }}{{ fail "secrets.certificate is missing, or tls must be proxy." }}{{ end -}}
{{- if and (eq .models.source "claim") (not .models.claim) }}{{ fail "models.claim is missing." }}{{ end -}}
{{- if and (or .podMonitor.enabled (ne .autoscaling.by "off")) (not .secrets.metricsToken) }}{{ fail "podMonitor and autoscaling need secrets.metricsToken." }}{{ end -}}
{{- if and (eq .autoscaling.by "keda") (not .autoscaling.prometheus) }}{{ fail "autoscaling.prometheus is missing." }}{{ end -}}
{{- if gt (int .autoscaling.min) (int .autoscaling.max) }}{{ fail "autoscaling.min is above autoscaling.max." }}{{ end -}}
{{- end -}}
{{- end -}}
