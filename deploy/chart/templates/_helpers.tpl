{{- define "launchwatch.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* The service, an agent and a job are told apart by their names, so that no selector meets the others' pods. */}}
{{- define "launchwatch.selector" -}}
app.kubernetes.io/name: launchwatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "launchwatch.agentSelector" -}}
app.kubernetes.io/name: launchwatch-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "launchwatch.jobSelector" -}}
app.kubernetes.io/name: launchwatch-job
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "launchwatch.more" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "launchwatch.labels" -}}
{{ include "launchwatch.selector" . }}
{{ include "launchwatch.more" . }}
{{- end -}}

{{- define "launchwatch.agentLabels" -}}
{{ include "launchwatch.agentSelector" . }}
{{ include "launchwatch.more" . }}
{{- end -}}

{{- define "launchwatch.jobLabels" -}}
{{ include "launchwatch.jobSelector" . }}
{{ include "launchwatch.more" . }}
{{- end -}}

{{/* Kubernetes takes 52 letters for the name of a CronJob. */}}
{{- define "launchwatch.look" -}}
{{ include "launchwatch.name" . | trunc 47 | trimSuffix "-" }}-look
{{- end -}}

{{/* What the chart decides about the service stands over what the configuration says. */}}
{{- define "launchwatch.config" -}}
{{- $ours := dict "service" (dict "listen" "0.0.0.0:8480" "state" "/var/lib/launchwatch") -}}
{{- if .Values.runbooks -}}
{{- $_ := set $ours.service "runbooks" "/etc/launchwatch/runbooks" -}}
{{- end -}}
{{- if .Values.postgres.existingSecret -}}
{{- $_ := set $ours.service "store" "env:LAUNCHWATCH_STORE" -}}
{{- $_ := set $ours.service "seal" "env:LAUNCHWATCH_SEAL" -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $ours | toYaml -}}
{{- end -}}

{{- define "launchwatch.subject" -}}
- kind: ServiceAccount
  name: {{ include "launchwatch.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
