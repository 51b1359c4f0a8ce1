using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;

namespace Dmkd.Serving;

/// <summary>How inputs are routed to experts (proposal 3.3).</summary>
public sealed record RoutingPlan
{
    /// <summary>Name of the gate.</summary>
    public string Gate { get; init; } = EvidenceGate.GateName;

    /// <summary>What makes the evidence of different experts comparable; for the gate <c>evidence</c>.</summary>
    public string Calibration { get; init; } = EvidenceGate.NoCalibration;

    /// <summary>Experts that answer, the proposal's R; at least 1.</summary>
    public int TopExperts { get; init; } = 1;

    /// <summary>Weight of -H_k, the proposal's β; at least 0.</summary>
    public double SpecializationWeight { get; init; }

    /// <summary>What a gate network's logit of a class counts beside the chosen expert's, at least 0.</summary>
    public double GateVote { get; init; }

    /// <summary>Views of an input that a rotation-labelled expert is shown: 1, 4 or 8.</summary>
    public int Views { get; init; } = 4;

    /// <summary>How class scores become evidence.</summary>
    public string Score { get; init; } = EvidenceScores.Names[0];

    /// <summary>Whether the mean of all logits of a rotation-labelled expert is subtracted per view.</summary>
    public bool Centred { get; init; } = true;

    /// <summary>What a fit was made for, in words; null when nothing is fitted.</summary>
    internal string Wanted =>
        Calibration == EvidenceGate.NoCalibration ? $"the gate '{Gate}'" : $"the calibration '{Calibration}'";

    /// <summary>Makes the gate, not fitted yet.</summary>
    /// <exception cref="ArgumentException">There is no such gate, calibration or score.</exception>
    public IGate CreateGate()
    {
        var score = EvidenceScores.Find(Score);
        return GateCatalog.Create(new GateOptions(Gate, Calibration, score, SpecializationWeight));
    }

    /// <summary>Whether scores are computed as for another plan: a fit is for the scores that it was made of.</summary>
    public bool ScoresAs(RoutingPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Views, Score, Centred) == (other.Views, other.Score, other.Centred);
    }
}

/// <summary>What is asked about a batch.</summary>
/// <param name="Plan">How to route.</param>
/// <param name="CandidateSets">
/// Sets of class indices to choose from; every input is predicted once per set, from one forward pass. Experts without
/// a class of the set take no part in it.
/// </param>
/// <param name="AcceptsEarlierVersions">Whether an earlier version of a member may answer when its current one cannot
/// be read.</param>
/// <param name="Classes">How many of an input's most probable classes are told; 0 for the best alone.</param>
public sealed record PredictOptions(
    RoutingPlan Plan,
    IReadOnlyList<int[]> CandidateSets,
    bool AcceptsEarlierVersions = false,
    int Classes = 0
);

/// <summary>Predictions of a batch.</summary>
/// <param name="Sets">Per candidate set, per input.</param>
/// <param name="DeviceTime">Device time.</param>
/// <param name="Replacements">A line per member that an earlier version answered for.</param>
public sealed record LibraryPrediction(
    PredictedInput[][] Sets,
    TimeSpan DeviceTime,
    IReadOnlyList<string> Replacements
);

/// <summary>Prediction of one input.</summary>
/// <param name="ClassIndex">Index of the most probable class.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
/// <param name="Experts">The experts that answered, most probable first.</param>
public sealed record PredictedInput(
    int ClassIndex,
    string ClassName,
    double Probability,
    IReadOnlyList<PredictedShare> Experts
)
{
    /// <summary>
    /// As many of the most probable classes as were asked for, most probable first; only those that the experts that
    /// answered know.
    /// </summary>
    public IReadOnlyList<PredictedClass> Classes { get; init; } = [];
}

/// <summary>A class that an input may show.</summary>
/// <param name="ClassIndex">Its index.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
public sealed record PredictedClass(int ClassIndex, string ClassName, double Probability);

/// <summary>An expert that answered.</summary>
/// <param name="Module">Its name.</param>
/// <param name="Probability">The proposal's p_k(x), in [0, 1].</param>
/// <param name="MeanEntropy">The proposal's H_k, in nats.</param>
public sealed record PredictedShare(string Module, double Probability, double MeanEntropy);

/// <summary>A batch of inputs.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="DataType">Element type; so far <c>uint8</c> alone.</param>
/// <param name="Shape">Shape; the first length is the number of inputs.</param>
/// <param name="Content">Values, row-major.</param>
public sealed record InputTensor(string Name, string DataType, IReadOnlyList<int> Shape, byte[] Content) : IInputs
{
    /// <summary>Number of inputs.</summary>
    public int Count => Shape.Count == 0 ? 0 : Shape[0];

    /// <summary>One input, such as <c>3x32x32</c>.</summary>
    public InputShape InputShape => new([.. Shape.Skip(1)]);

    /// <summary>What it is, with the lengths it has.</summary>
    public TensorSignature Signature => new(Name, DataType, Shape);

    /// <summary>Refuses a batch that is not what it says.</summary>
    /// <exception cref="ArgumentException">Names the value and its limit.</exception>
    public void Check()
    {
        if (DataType != "uint8")
            throw new ArgumentException($"Inputs are of uint8, not '{DataType}'.");
        if (Count < 1)
            throw new ArgumentException($"A batch needs at least 1 input, not {Count}.");
        if (Shape.Any(length => length < 1))
            throw new ArgumentException($"Every length of an input is at least 1, not {InputShape}.");
        long expected = checked(Count * InputShape.ValueCount);
        if (Content.LongLength != expected)
            throw new ArgumentException(
                $"{Count} inputs of {InputShape} need {expected} bytes, not {Content.LongLength}."
            );
    }
}
