using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;
using Npgsql;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>Weights that were damaged in a cluster's database.</summary>
public sealed class DamagedWeightsTests(SharedDatabases server)
{
    private const string Library = "whole-run";

    [Fact]
    public async Task Predict_BitFlippedInTheDatabase_PreviousVersionAnswersAndIsNamed()
    {
        string database = await server.CreateDatabaseAsync();
        using (var first = SiloProcess.Start(database))
            (await DmkdCommand.RunInClusterAsync(database, ClusterRun.Arguments(Library, rounds: 2))).IsSuccess();
        string digests = await WithSiloAsync(database, () => ClusterRun.DigestsAsync(database, Library));
        await FlipABitAsync(database, digests.Split(' ')[^1]);

        using var folder = new TemporaryFolder();
        string picture = folder.Write("picture.png", SyntheticPictures.Png(3));
        var answer = await WithSiloAsync(
            database,
            () => DmkdCommand.RunInClusterAsync(database, "predict", picture, "--library", Library, "--json")
        );
        Assert.Equal(0, answer.ExitCode);
        Assert.Contains("cannot be read: version", answer.Error, StringComparison.Ordinal);
        Assert.Single(answer.Error.TrimEnd('\n').Split('\n'));
    }

    /// <summary>Asks a silo that has just started, and so has read nothing yet.</summary>
    private static async Task<T> WithSiloAsync<T>(string database, Func<Task<T>> ask)
    {
        using var silo = SiloProcess.Start(database);
        await silo.UntilJoinedAsync(database);
        return await ask();
    }

    private static async Task FlipABitAsync(string database, string digest)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(
            "UPDATE DmkdBlobs SET Content=set_bit(Content, 4321, 1 - get_bit(Content, 4321)) WHERE Digest=$1"
        );
        command.Parameters.Add(new NpgsqlParameter { Value = digest });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
