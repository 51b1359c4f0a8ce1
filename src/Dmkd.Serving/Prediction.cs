namespace Dmkd.Serving;

/// <summary>What is asked about a batch.</summary>
/// <param name="Plan">How to route.</param>
/// <param name="CandidateSets">
/// Sets of class indices to choose from; every input is predicted once per set, from one forward pass. Experts
/// without a class of the set take
/// no part in it.
/// </param>
/// <param name="AcceptsEarlierVersions">Whether an earlier version of a member may answer when its current one cannot
/// be read.</param>
public sealed record PredictOptions(
    RoutingPlan Plan,
    IReadOnlyList<int[]> CandidateSets,
    bool AcceptsEarlierVersions = false
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
);

/// <summary>An expert that answered.</summary>
/// <param name="Module">Its name.</param>
/// <param name="Probability">The proposal's p_k(x), in [0, 1].</param>
/// <param name="MeanEntropy">The proposal's H_k, in nats.</param>
public sealed record PredictedShare(string Module, double Probability, double MeanEntropy);
