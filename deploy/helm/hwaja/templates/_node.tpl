{{/* Parts of the pod of a node. */}}
{{- define "hwaja.environment" -}}
- name: HWAJA_HOST
  value: 0.0.0.0
- name: HWAJA_PORT
  value: "8088"
- name: HWAJA_CONFIG
  value: /etc/hwaja/options/hwaja.toml
- name: HWAJA_WORKERS
  value: {{ .Values.workers | quote }}
- name: HWAJA_MAX_CONNECTIONS
  value: {{ .Values.slots | quote }}
- name: HWAJA_FINISH_SECONDS
  value: {{ .Values.ending.finish | quote }}
- name: HWAJA_DRAIN_SECONDS
  value: {{ .Values.ending.drain | quote }}
- name: HWAJA_TICKET_KEY_FILE
  value: /etc/hwaja/ticket-keys/ticket-keys
{{- if ne .Values.models.source "image" }}
- name: HWAJA_CACHE
  value: /var/cache/hwaja/models
{{- end }}
{{- if eq .Values.tls "nodes" }}
- name: HWAJA_CERT
  value: /etc/hwaja/certificate/tls.crt
- name: HWAJA_KEY
  value: /etc/hwaja/certificate/tls.key
{{- else }}
- name: HWAJA_PLAIN_WS
  value: anywhere
{{- end }}
{{- if .Values.secrets.tokens }}
- name: HWAJA_TOKEN_FILE
  value: /etc/hwaja/tokens/tokens
{{- end }}
{{- if .Values.secrets.metricsToken }}
- name: HWAJA_METRICS_TOKEN_FILE
  value: /etc/hwaja/metrics-token/metrics-token
{{- end }}
{{- if .Values.proxies }}
- name: HWAJA_PROXIES
  value: {{ .Values.proxies | quote }}
{{- end }}
{{- end -}}

{{- define "hwaja.resources" -}}
requests:
  cpu: {{ .Values.resources.cpu | default .Values.workers | quote }}
  memory: {{ include "hwaja.memory" . }}
limits:
  memory: {{ include "hwaja.memory" . }}
{{- end -}}

{{- define "hwaja.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Secrets by the name of their folder. Folders, not files: a changed secret reaches them. */}}
{{- define "hwaja.secrets" -}}
{{- $found := dict "ticket-keys" .Values.secrets.ticketKeys -}}
{{- if eq .Values.tls "nodes" }}{{ $_ := set $found "certificate" .Values.secrets.certificate }}{{ end -}}
{{- with .Values.secrets.tokens }}{{ $_ := set $found "tokens" . }}{{ end -}}
{{- with .Values.secrets.metricsToken }}{{ $_ := set $found "metrics-token" . }}{{ end -}}
{{- toJson $found -}}
{{- end -}}

{{- define "hwaja.mounts" -}}
- name: tmp
  mountPath: /tmp
- name: options
  mountPath: /etc/hwaja/options
  readOnly: true
{{- range $folder, $_ := include "hwaja.secrets" . | fromJson }}
- name: {{ $folder }}
  mountPath: /etc/hwaja/{{ $folder }}
  readOnly: true
{{- end }}
{{- if ne .Values.models.source "image" }}
- name: models
  mountPath: /var/cache/hwaja
  readOnly: true
{{- end }}
{{- end -}}

{{- define "hwaja.volumes" -}}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 64Mi
- name: options
  configMap:
    name: {{ include "hwaja.name" . }}
{{- range $folder, $secret := include "hwaja.secrets" . | fromJson }}
- name: {{ $folder }}
  secret:
    secretName: {{ $secret }}
    # The group of the pod may read it.
    defaultMode: 0440
{{- end }}
{{- if eq .Values.models.source "claim" }}
- name: models
  persistentVolumeClaim:
    claimName: {{ .Values.models.claim }}
    readOnly: true
{{- else if eq .Values.models.source "pull" }}
- name: models
  emptyDir:
    sizeLimit: {{ .Values.models.room }}
{{- end }}
{{- end -}}
