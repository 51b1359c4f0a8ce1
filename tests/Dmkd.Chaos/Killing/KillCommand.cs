using System.CommandLine;
using System.Text.Json;

namespace Dmkd.Chaos.Killing;

/// <summary><c>kill</c>: a real cluster under <c>kill -9</c>, <c>SIGTERM</c> and <c>SIGSTOP</c>.</summary>
internal static class KillCommand
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var count = new Option<int>("--count")
        {
            Description = "Number of kills, terminations and freezes; they take the phases of a run in turns",
            DefaultValueFactory = _ => 50,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "Seed of the moments and the victims",
            DefaultValueFactory = _ => 1,
        };
        var keep = new Option<string?>("--keep")
        {
            Description = "Folder for state and logs, which stays; without it a temporary one is used",
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON document" };
        var command = new Command(
            "kill",
            "Kills, ends and freezes silos of a real cluster in every phase of a run, adds up by hand what must be in "
                + "the weights, and compares the result with an undisturbed run's"
        )
        {
            count,
            seed,
            keep,
            json,
        };
        command.SetAction(
            async (parsed, cancellation) =>
            {
                if (parsed.GetValue(count) < 1)
                {
                    await Console.Error.WriteLineAsync($"--count must be at least 1, not {parsed.GetValue(count)}.");
                    return 2;
                }

                string home =
                    parsed.GetValue(keep) ?? Path.Combine(Path.GetTempPath(), $"dmkd-kill-{Guid.NewGuid():N}");
                try
                {
                    using var run = new KillRun(home, parsed.GetValue(seed), Console.Error.WriteLine);
                    var plan = KillPlan.Draw(parsed.GetValue(seed), parsed.GetValue(count), KillCluster.Silos);
                    var result = await run.RunAsync([.. plan], cancellation);
                    Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(result, Web) : Text(result));
                    return result.IsClean ? 0 : 1;
                }
                finally
                {
                    if (parsed.GetValue(keep) is null && Directory.Exists(home))
                        Directory.Delete(home, recursive: true);
                }
            }
        );
        return command;
    }

    private static string Text(KillResult result) =>
        $"{result.Kills} kills ({result.Freezes} of them freezes, {result.Terminations} terminations; "
        + $"{string.Join(", ", result.Phases.Select(phase => $"{phase.Value} in {phase.Key}"))}): "
        + $"{result.Versions} versions of {result.Accepted} accepted updates; {result.Lost} lost, "
        + $"{result.DoubleCounted} counted twice, "
        + $"{result.WrongWeights} versions with wrong weights, {result.Hung} hung; {result.Differing} of "
        + $"{result.Compared} runs differ from an undisturbed one; recovery p50 "
        + $"{result.RecoveryP50Seconds:F1} s, p99 {result.RecoveryP99Seconds:F1} s";
}
