using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>A small run in a cluster, and what it left.</summary>
internal static class ClusterRun
{
    /// <summary>The command line.</summary>
    /// <param name="id">Id of the run. Runs whose outcomes are compared have ids of equal length: the bytes that nodes
    /// send hold it.</param>
    /// <param name="rounds">Rounds per task.</param>
    public static string[] Arguments(string id, int rounds) =>
        [
            "run",
            "--id",
            id,
            "--train-per-class",
            "24",
            "--test-per-class",
            "10",
            "--tasks",
            "3",
            "--nodes",
            "3",
            "--rounds",
            $"{rounds}",
            "--epochs",
            "1",
            "--legacy-tasks",
            "1",
            "--legacy-epochs",
            "1",
            "--no-baseline",
        ];

    /// <summary>Digests of a library's experts.</summary>
    public static async Task<string> DigestsAsync(string database, string library)
    {
        string listed = (
            await DmkdCommand.RunInClusterAsync(database, "modules", "list", "--library", library, "--json")
        )
            .IsSuccess()
            .Output;
        return string.Join(
            ' ',
            Json.Parse(listed).EnumerateArray().Select(module => module.GetProperty("digest").GetString())
        );
    }

    /// <summary>The state of a run as <c>runs list</c> tells it.</summary>
    public static async Task<string?> StateAsync(string database, string id)
    {
        string listed = (await DmkdCommand.RunInClusterAsync(database, "runs", "list", "--json")).IsSuccess().Output;
        return Json.Parse(listed)
            .EnumerateArray()
            .Single(run => run.GetProperty("runId").GetString() == id)
            .GetProperty("state")
            .GetString();
    }
}
