using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Tests.Plans;

public sealed class PlanReaderTests
{
    private const string Whole = """
        name: split-things
        data:
          - { name: small, kind: images, path: ../things.zip, train-per-class: 20, test-per-class: 10, image-size: 48, seed: 3 }
          - { kind: synthetic, tasks: 2 }
        tasks: 3
        nodes: 6
        dirichlet: inf
        seeds: [4, 7]
        budget: { rounds: 4, epochs: 2, batch-size: 16, widths: [8, 16] }
        select: { learning-rate: [0.003, 1e-2], validation-share: 0.25, seed: 9 }
        methods:
          - dmkd: { alpha: 0.50, fp16: true }
          - sequential-fine-tuning
          - name: dmkd-r1
            method: dmkd
            rank: 1
          - der++:
        vary:
          - { method: dmkd-r1, parameter: lambda, values: [0, 1] }
          - { method: dmkd, parameter: top, values: [1, 2] }
          - { method: dmkd, parameter: alpha, values: [0, 1.0] }
        watts: 65
        reference: dmkd-r1
        """;

    [Fact]
    public void Parse_WholeFile_HasItsNumbers()
    {
        var plan = Parse(Whole);
        Assert.Equal(
            ("split-things", 6, double.PositiveInfinity, 65.0, "dmkd-r1"),
            (plan.Name, plan.Nodes, plan.Dirichlet, plan.Watts, plan.Reference)
        );
        Assert.Equal([4, 7], plan.Seeds);
        Assert.Equal((4, 2, 16), (plan.Budget.Rounds, plan.Budget.Epochs, plan.Budget.BatchSize));
        Assert.Equal([8, 16], plan.Budget.Widths);
        Assert.Equal(["0.003", "0.01"], plan.Search!.LearningRates);
        Assert.Equal((0.25, 9), (plan.Search.ValidationShare, plan.Search.Seed));
    }

    [Fact]
    public void SettingsFor_AnyCell_WaitsForEveryNode()
    {
        var plan = Parse(Whole);
        var settings = plan.SettingsFor(plan.Data[0], 4);
        Assert.Equal(settings.Participation.RoundDeadline, settings.Participation.ShortestWait);
    }

    [Fact]
    public void Parse_DataSets_HaveTheirOwnTasksAndPathsFromTheFilesFolder()
    {
        var data = Parse(Whole).Data;
        Assert.Equal([("small", 3), ("synthetic", 2)], data.Select(one => (one.Name, one.Tasks)));
        Assert.Equal(("/experiments/things.zip", "../things.zip"), (data[0].Source.Path, data[0].WrittenPath));
        Assert.Equal(
            (20, 10, 48, 3),
            (data[0].Source.TrainPerClass, data[0].Source.TestPerClass, data[0].Source.ImageSize, data[0].Source.Seed)
        );
        Assert.Null(data[1].Source.Path);
    }

    [Fact]
    public void Parse_Methods_TakeEveryForm()
    {
        var methods = Parse(Whole).Methods;
        Assert.Equal(
            [
                ("dmkd", "dmkd"),
                ("sequential-fine-tuning", "sequential-fine-tuning"),
                ("dmkd-r1", "dmkd"),
                ("der++", "der++"),
            ],
            methods.Select(method => (method.Label, method.Method))
        );
        // one spelling
        Assert.Equal(new Dictionary<string, string> { ["alpha"] = "0.5", ["fp16"] = "yes" }, methods[0].Parameters);
        Assert.Equal(new Dictionary<string, string> { ["rank"] = "1" }, methods[2].Parameters);
        Assert.Empty(methods[3].Parameters);
    }

    [Fact]
    public void Parse_ListOfValues_IsSearched()
    {
        var method = Parse(Whole.Replace("rank: 1", "rank: [1, 2.0]", StringComparison.Ordinal)).Methods[2];
        Assert.Empty(method.Parameters);
        Assert.Equal(["1", "2"], method.Searched["rank"]);
    }

    [Fact]
    public void Parse_ListOfValuesWithoutSelect_IsRefused() =>
        Assert.Contains(
            ":3: er has a list of values for exemplars; a list is searched, and that needs the key 'select'.",
            Assert
                .Throws<PlanException>(() =>
                    Parse("data: { kind: synthetic }\nmethods:\n  - er: { exemplars: [1, 2] }")
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Parse_Variations_AreInTheProposalsOrder() =>
        Assert.Equal(
            ["alpha 0;1", "top 1;2", "lambda 0;1"],
            Parse(Whole).Variations.Select(one => $"{one.Parameter} {string.Join(';', one.Values)}")
        );

    [Fact]
    public void Parse_Least_HasDefaults()
    {
        var plan = PlanReader.Parse("data: { kind: synthetic }\nmethods: [er, dmkd]", "/experiments/split-it.yaml");
        Assert.Equal(
            ("split-it", 4, 1.0, ExperimentPlan.DefaultWatts, "dmkd"),
            (plan.Name, plan.Nodes, plan.Dirichlet, plan.Watts, plan.Reference)
        );
        Assert.Equal([1, 2, 3, 4, 5], plan.Seeds);
        Assert.Equal((6, 4, 32), (plan.Budget.Rounds, plan.Budget.Epochs, plan.Budget.BatchSize)); // those of `run`
        Assert.Null(plan.Search);
        Assert.Empty(plan.Variations);
        Assert.Equal(5, plan.Data[0].Tasks);
    }

    [Theory]
    [InlineData("tasks: 3", "tasks: 0", ":5: tasks must be a number in [1, 1000], not '0'.")]
    [InlineData("nodes: 6", "nodes: 1,000", ":6: nodes must be a number in [1, 1000], not '1,000'.")]
    [InlineData("dirichlet: inf", "dirichlet: 0,5", ":7: dirichlet must be a number in [0.001,")]
    [InlineData("nodes: 6", "nodes: 1.5", ":6: nodes must be a whole number, not '1.5'.")]
    [InlineData("nodes: 6", "node: 6", ":6: node is unknown; known are: name, tasks, data, nodes")]
    [InlineData("nodes: 6", "node: 6", ", watts. Did you mean nodes?")]
    [InlineData("tasks: 3", "tasks: 010", ":5: tasks must be a number without zeros before it, not '010'")]
    [InlineData("rank: 1", "rank: 08", ":16: methods[3].rank must be a number without zeros before it, not '08'")]
    [InlineData("watts: 65", "watts: 65\n---\nname: b", ":23: a second document begins here")]
    [InlineData("seeds: [4, 7]", "seeds: [4, 4]", ":8: seeds has a value twice: 4, 4.")]
    [InlineData("seeds: [4, 7]", "seeds: [4, -1]", ":8: seeds[2] must be a number in [0, 2147483647], not '-1'.")]
    [InlineData("seeds: [4, 7]", "seeds: 4", ":8: seeds must be a list of at least one value")]
    [InlineData("rounds: 4,", "rounds: many,", ":9: budget.rounds must be a number in [1, 100000], not 'many'.")]
    [InlineData(
        "rounds: 4,",
        "alpha: 1,",
        ":9: budget.alpha is unknown; known are: rounds, epochs, batch-size, widths."
    )]
    [InlineData(
        "validation-share: 0.25",
        "validation-share: 0.9",
        ":10: select.validation-share must be a number in [0.001, 0.5], not '0.9'."
    )]
    [InlineData("learning-rate: [0.003, 1e-2], ", "", ":10: select needs the key 'learning-rate'.")]
    [InlineData(
        "kind: images",
        "kind: pictures",
        ":3: data[1].kind must be one of synthetic, images, cifar10, cifar100, idx, not 'pictures'."
    )]
    [InlineData(
        "image-size: 48",
        "size: 48",
        ":3: data[1].size is unknown; known are: kind, path, name, train-per-class"
    )]
    [InlineData("name: small", "name: synthetic", ":3: data has the name 'synthetic' twice")]
    [InlineData("name: small", "name: ../small", ":3: data[1].name must be at most 64 letters")]
    [InlineData("name: dmkd-r1", "name: dmkd", ":14: there are two methods 'dmkd'; give one a label")]
    [InlineData("rank: 1", "rank: [1, 1.0]", ":16: methods[3].rank has a value twice: 1, 1.")]
    [InlineData("rank: 1", "rank: { of: 1 }", ":16: methods[3].rank must be a single value.")]
    [InlineData(
        "validation-share: 0.25",
        "train-per-class: 1",
        ":10: select.train-per-class must be a number in [2, 2147483647], not '1'."
    )]
    [InlineData("{ alpha: 0.50, fp16: true }", "0.5", ":12: methods[1].dmkd must be a mapping of keys")]
    [InlineData(
        "method: dmkd-r1,",
        "method: er,",
        ":19: vary[1].method must be the label of a method (dmkd, sequential-fine-tuning, dmkd-r1, der++), not 'er'."
    )]
    [InlineData("watts: 65", "watts: 0", ":22: watts must be a number in [0.001, 1000000], not '0'.")]
    [InlineData("reference: dmkd-r1", "reference: ewc", ":23: reference must be the label of a method")]
    [InlineData("watts: 65", "watts: 65\nwatts: 66", ":23: not readable as YAML")]
    [InlineData("tasks: 3", "tasks: [3", "not readable as YAML")]
    public void Parse_WrongValue_NamesFileLineKeyAndLimit(string good, string bad, string expected)
    {
        Assert.Contains(good, Whole, StringComparison.Ordinal);
        string message = Assert
            .Throws<PlanException>(() => Parse(Whole.Replace(good, bad, StringComparison.Ordinal)))
            .Message;
        Assert.StartsWith("/experiments/plans/whole.yaml:", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b")]
    [InlineData("a: 1\n---\nb: 2")]
    public void Parse_NoMapping_IsRefused(string text) =>
        Assert.Contains(
            "one mapping of keys",
            Assert.Throws<PlanException>(() => Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Parse_DeeperThanAFileMayBe_NamesTheLimit()
    {
        string text = $"name: deep\nmethods: {new string('[', 64)}1{new string(']', 64)}";
        Assert.Equal(
            "file.yaml:2: lists and mappings may lie 64 deep in one another, not deeper.",
            Assert.Throws<PlanException>(() => PlanReader.Parse(text, "file.yaml")).Message
        );
    }

    [Fact]
    public void Read_NoFile_NamesIt() =>
        Assert.Equal(
            "There is no experiment file no-such.yaml.",
            Assert.Throws<PlanException>(() => PlanReader.Read("no-such.yaml")).Message
        );

    private static ExperimentPlan Parse(string text) => PlanReader.Parse(text, "/experiments/plans/whole.yaml");
}
