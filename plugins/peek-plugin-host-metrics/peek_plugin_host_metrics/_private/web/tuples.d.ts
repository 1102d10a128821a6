// Generated from the tuple classes in Python with `python -m peek_trio tuples typescript`. Do not edit.

/** A point in time: ISO 8601 with an offset, "2026-11-22T09:00:00Z". */
export type IsoDateTime = string;
/** A day: ISO 8601, "2026-11-22". */
export type IsoDate = string;
/** An integer that may be too large for a number, in decimal digits. */
export type BigIntText = string;
/** An exact decimal number, "12.50". */
export type DecimalText = string;
/** A UUID in its canonical form. */
export type Uuid = string;
/** Bytes, in base64. */
export type Base64 = string;

/** Somebody has seen the alarm and takes care of it. */
export interface AcknowledgeAlarm {
  alarm_id: number;
}

/** A threshold that was crossed on a machine; active until `cleared_at`. */
export interface Alarm {
  id: number;
  threshold_id: number | null;
  host: string;
  metric: string;
  level: string;
  limit: number;
  value: number;
  raised_at: IsoDateTime;
  cleared_at: IsoDateTime | null;
  acknowledged_at: IsoDateTime | null;
  acknowledged_by: string;
}

/** A machine that an agent has reported. */
export interface Host {
  name: string;
  agent_id: string;
  cores: number;
  first_seen: IsoDateTime;
  last_seen: IsoDateTime;
}

/** One machine at this moment. */
export interface HostNow {
  host: string;
  agent_id: string;
  cores: number;
  sample: Sample;
  processes: Process[];
}

/** One metric over a period: extremes and percentiles. */
export interface MetricSummary {
  metric: string;
  samples: number;
  lowest: number;
  median: number;
  p90: number;
  p99: number;
  highest: number;
}

/** One of the busiest processes. `cpu_percent` is of one core and can exceed 100. */
export interface Process {
  pid: number;
  name: string;
  cpu_percent: number;
  memory: number;
}

/** One reading of one machine. */
export interface Sample {
  at: IsoDateTime;
  cpu_percent: number;
  memory_percent: number;
  memory_used: number;
  memory_total: number;
  disk_percent: number;
  disk_used: number;
  disk_total: number;
  net_in: number;
  net_out: number;
  disk_read: number;
  disk_write: number;
}

/**
 * The past of one machine, thinned to a given number of points.
 *
 * `times` are seconds since 1970; `metrics` has a list of equal length for each metric.
 */
export interface Series {
  host: string;
  times: number[];
  metrics: { [key: string]: number[] };
}

/** When a metric is too high: raised at or above `raise_at`, cleared at or below `clear_at`, each held for `hold_seconds`. */
export interface Threshold {
  id: number;
  metric: string;
  level: string;
  raise_at: number;
  clear_at: number;
  hold_seconds: number;
}

/** The interface of every tuple type. */
export interface Tuples {
  "peek_plugin_host_metrics.AcknowledgeAlarm": AcknowledgeAlarm;
  "peek_plugin_host_metrics.Alarm": Alarm;
  "peek_plugin_host_metrics.Host": Host;
  "peek_plugin_host_metrics.HostNow": HostNow;
  "peek_plugin_host_metrics.MetricSummary": MetricSummary;
  "peek_plugin_host_metrics.Process": Process;
  "peek_plugin_host_metrics.Sample": Sample;
  "peek_plugin_host_metrics.Series": Series;
  "peek_plugin_host_metrics.Threshold": Threshold;
}

/** The schema hash of every tuple type. */
export interface Schemas {
  "peek_plugin_host_metrics.AcknowledgeAlarm": "b5ddec047bc6a0683240d751";
  "peek_plugin_host_metrics.Alarm": "dc75703cb66e7c1b2acf2e4f";
  "peek_plugin_host_metrics.Host": "39c6f999838a2e9690a15b7b";
  "peek_plugin_host_metrics.HostNow": "445a55438297728d0eb080e3";
  "peek_plugin_host_metrics.MetricSummary": "5d6607ed325758ec2c2ba90c";
  "peek_plugin_host_metrics.Process": "e288e26cd6d786aa49897a8e";
  "peek_plugin_host_metrics.Sample": "82259135a81b59e2749febdd";
  "peek_plugin_host_metrics.Series": "b81f10155ef371630adf2fdc";
  "peek_plugin_host_metrics.Threshold": "2e04fb84630dcb6ebeb3e8c0";
}
