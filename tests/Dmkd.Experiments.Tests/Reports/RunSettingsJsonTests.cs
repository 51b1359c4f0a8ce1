using System.Text.Json;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Reports;

public sealed class RunSettingsJsonTests
{
    /// <summary>The settings of a document that <c>run --json</c> printed before settings had sections.</summary>
    private const string Flat = """
        {"data":{"kind":"synthetic","path":null,"trainPerClass":8,"testPerClass":2,"imageSize":32,"seed":1},"tasks":2,"nodes":2,"rounds":1,"epochs":1,"mergeEvery":1,"rank":2,"alpha":0.5,"routing":{"gate":"evidence","topExperts":1,"specializationWeight":0,"gateVote":0,"views":4,"score":"max-logit","centred":true},"dirichlet":"Infinity","seed":1,"legacyTasks":2,"legacyEpochs":1,"distillationEpochs":4,"lambda":0,"batchSize":32,"learningRate":0.002,"widths":[4,8,8,8],"calibrationPerClass":100,"roundDeadline":"00:01:40.5000000","quorum":0.25,"mergeRule":"krum-1","compressor":"svd","halfPrecision":true,"errorFeedback":false,"outerLearningRate":1,"outerMomentum":0,"maxDrop":0.9,"holders":1,"participation":0.75,"shortestWait":"00:00:30","waitSpread":6,"ownFirstWeights":false,"alignment":false,"reestimateBatchNorm":false,"exemplars":20,"calibration":"discriminant","startFrom":"previous","unknownOutput":false,"allRotations":true,"device":"any"}
        """;

    [Fact]
    public void Deserialize_DocumentWithoutSections_FillsThem()
    {
        var settings = Read(Flat);
        Assert.Equal(
            (2, 2, 1, 1),
            (settings.Tasks, settings.Participation.Nodes, settings.Training.Rounds, settings.Training.Epochs)
        );
        Assert.Equal(
            (double.PositiveInfinity, 0.25, 0.75, 1),
            (
                settings.Participation.Dirichlet,
                settings.Participation.Quorum,
                settings.Participation.Share,
                settings.Participation.Holders
            )
        );
        Assert.Equal(
            ("krum-1", 2, true, 0.9),
            (
                settings.Merging.MergeRule,
                settings.Merging.Rank,
                settings.Merging.HalfPrecision,
                settings.Merging.MaxDrop
            )
        );
        Assert.Equal((2, 1, 4), (settings.Legacy.Tasks, settings.Legacy.Epochs, settings.Legacy.DistillationEpochs));
        Assert.Equal((20, "discriminant"), (settings.Fitting.Exemplars, settings.Fitting.Calibration));
        Assert.Equal([4, 8, 8, 8], settings.Training.Widths);
        Assert.Equal(TimeSpan.FromSeconds(100.5), settings.Participation.RoundDeadline);
        Assert.Equal(("synthetic", 8), (settings.Data.Kind, settings.Data.TrainPerClass));
    }

    [Fact]
    public void Serialize_SettingsOfSuchADocument_IsItsTextAgain() =>
        Assert.Equal(Flat, JsonSerializer.Serialize(Read(Flat), ExperimentJson.Line));

    [Fact]
    public void Deserialize_UnknownAndMissingFields_PassesOverAndTakesDefaults()
    {
        var settings = Read("""{"data":{"kind":"synthetic","seed":1},"colour":{"deep":[1]},"rank":3}""");
        var expected = new RunSettings
        {
            Data = new DataSource { Kind = "synthetic", Seed = 1 },
            Merging = new() { Rank = 3 },
        };
        Assert.Equal(expected, settings);
    }

    [Fact]
    public void Serialize_TakenOverExperts_AreTheLastField() =>
        Assert.EndsWith(
            "\"device\":\"any\",\"expertsOf\":\"other\"}",
            JsonSerializer.Serialize(Read(Flat) with { ExpertsOf = "other" }, ExperimentJson.Line),
            StringComparison.Ordinal
        );

    [Fact]
    public void Deserialize_WithoutData_IsRefused() => Assert.Throws<JsonException>(() => Read("{}"));

    private static RunSettings Read(string text) => JsonSerializer.Deserialize<RunSettings>(text, ExperimentJson.Line)!;
}
