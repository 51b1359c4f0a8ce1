using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>
/// Three silo processes that are killed or asked to end and come back, one after the other, while a run and predictions
/// go on.
/// </summary>
public sealed class RollingRestartTests(SharedDatabases server)
{
    private const string Whole = "whole-run",
        Rolled = "rolld-run";
    private const int Rounds = 6,
        Silos = 3,
        MaxPredictions = 1000;

    [Fact]
    public async Task RollingRestart_UnderLoad_LosesNoRoundAndNoPrediction()
    {
        string database = await server.CreateDatabaseAsync();
        var silos = Enumerable.Range(0, Silos).Select(_ => SiloProcess.Start(database)).ToArray();
        try
        {
            foreach (var silo in silos)
                await silo.UntilJoinedAsync(database);
            (await DmkdCommand.RunInClusterAsync(database, ClusterRun.Arguments(Whole, Rounds))).IsSuccess();
            using var rolled = DmkdProcess.StartInCluster(database, ClusterRun.Arguments(Rolled, Rounds));
            using var stop = new CancellationTokenSource();
            var predictions = PredictAsync(database, stop.Token);

            await rolled.SeesAsync("expert-1 for");
            await KillAsync(0);
            await rolled.SeesAsync("expert-2 for");
            var (took, code) = await silos[1].TerminateAsync();
            Assert.Equal(0, code);
            // the silo ends itself after 40 s; on quiet cores it takes two
            Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(60));
            await StartAsync(1);
            await rolled.SeesAsync("task 2/3: accuracy");
            await KillAsync(2);
            (await rolled.EndAsync()).IsSuccess();
            await stop.CancelAsync();
            var outcomes = await predictions;
            Assert.All(outcomes, outcome => Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error)));
            Assert.Single(outcomes.Select(outcome => outcome.Output).Distinct());
            Assert.True(outcomes.Count >= Silos, $"{outcomes.Count} predictions");
            Assert.Equal(
                await ClusterRun.DigestsAsync(database, Whole),
                await ClusterRun.DigestsAsync(database, Rolled)
            );
            TestContext.Current.TestOutputHelper?.WriteLine($"{outcomes.Count} predictions, none failed");
        }
        finally
        {
            foreach (var silo in silos)
                silo.Dispose();
        }

        async Task KillAsync(int silo)
        {
            silos[silo].Kill();
            await StartAsync(silo);
        }

        async Task StartAsync(int silo)
        {
            silos[silo].Dispose();
            silos[silo] = SiloProcess.Start(database);
            await silos[silo].UntilJoinedAsync(database);
        }
    }

    /// <summary>Asks the finished library about one picture, again and again.</summary>
    private static async Task<List<Outcome>> PredictAsync(string database, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        string picture = folder.Write("picture.png", SyntheticPictures.Png(3));
        var outcomes = new List<Outcome>();
        while (!stop.IsCancellationRequested && outcomes.Count < MaxPredictions)
            outcomes.Add(
                await DmkdCommand.RunInClusterAsync(database, "predict", picture, "--library", Whole, "--json")
            );
        return outcomes;
    }
}
