namespace Dmkd.Client;

/// <summary>The user stopped a run; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string runId, string home)
    : OperationCanceledException($"Stopped. The run goes on with: dmkd run --resume {runId} --home {home}");
