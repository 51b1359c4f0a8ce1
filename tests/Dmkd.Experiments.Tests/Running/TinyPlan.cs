using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

/// <summary>A small experiment, without anything that computes.</summary>
internal static class TinyPlan
{
    /// <summary>Three methods, two seeds, a search of two rates for two of them, an ablation.</summary>
    public static ExperimentPlan Create(string more = "", string methods = "- fixed: { learning-rate: 0.5 }") =>
        PlanReader.Parse(
            $$"""
            name: tiny
            data: { kind: synthetic, train-per-class: 4, test-per-class: 1 }
            tasks: 2
            seeds: [1, 2]
            budget: { rounds: 1, epochs: 1, widths: [4, 4] }
            select: { learning-rate: [0.01, 0.1], validation-share: 0.25, seed: 5 }
            methods:
              - dmkd: { alpha: 0.25 }
              - other
              {{methods}}
            vary:
              - { method: dmkd, parameter: alpha, values: [0, 0.25] }
            {{more}}
            """,
            "/experiments/tiny.yaml"
        );

    /// <summary>The first cell that measures.</summary>
    public static Cell Cell { get; } = CellPlanner.Measure(Create(), [Choice("dmkd", "0.1")])[0].Cell;

    /// <summary>A learning rate that was chosen.</summary>
    public static ChosenParameters Choice(string label, string rate) =>
        new(label, "synthetic", new Dictionary<string, string> { ["learning-rate"] = rate }, []);
}
