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
        string digests;
        using (var first = SiloProcess.Start(database))
        {
            await first.UntilJoinedAsync(database);
            (await DmkdCommand.RunInClusterAsync(database, ClusterRun.Arguments(Library, rounds: 2))).IsSuccess();
            digests = await ClusterRun.DigestsAsync(database, Library);
            string[] evaluate = ["evaluate", "--data", "synthetic", "--test-per-class", "2", "--json"];
            string[] alone = [.. evaluate, "--library", Library, "--module", "expert-1"];
            var whole = Json.Parse((await DmkdCommand.RunInClusterAsync(database, alone)).IsSuccess().Output);
            Assert.Equal(20, whole.GetProperty("total").GetInt32() + whole.GetProperty("leftOut").GetInt32());
        }

        await FlipABitAsync(database, digests.Split(' ')[^1]);

        using var folder = new TemporaryFolder();
        string picture = folder.Write("picture.png", SyntheticPictures.Png(3));
        using var second = SiloProcess.Start(database); // has read nothing yet
        await second.UntilJoinedAsync(database);
        var answer = await DmkdCommand.RunInClusterAsync(
            database,
            "predict",
            picture,
            "--library",
            Library,
            "--classes",
            "2",
            "--json"
        );
        Assert.Equal(2, Json.Parse(answer.Output)[0].GetProperty("classes").GetArrayLength());
        Assert.Equal(0, answer.ExitCode);
        Assert.Contains("cannot be read: version", answer.Error, StringComparison.Ordinal);
        Assert.Single(answer.Error.TrimEnd('\n').Split('\n'));
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
