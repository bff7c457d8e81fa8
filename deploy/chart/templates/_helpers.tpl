{{- define "launchwatch.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "launchwatch.selector" -}}
app.kubernetes.io/name: launchwatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "launchwatch.labels" -}}
{{ include "launchwatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* What the chart decides about the service stands over what the configuration says. */}}
{{- define "launchwatch.config" -}}
{{- $ours := dict "service" (dict "listen" "0.0.0.0:8480" "state" "/var/lib/launchwatch") -}}
{{- if .Values.runbooks -}}
{{- $_ := set $ours.service "runbooks" "/etc/launchwatch/runbooks" -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $ours | toYaml -}}
{{- end -}}

{{- define "launchwatch.subject" -}}
- kind: ServiceAccount
  name: {{ include "launchwatch.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
