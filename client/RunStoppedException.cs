namespace Dmkd.Client;

/// <summary>The user stopped long work; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string command, string id, string home)
    : OperationCanceledException($"Stopped. The {(command == "run" ? "run" : "work")} goes on with: dmkd {command} --resume {id} --home {home}");
