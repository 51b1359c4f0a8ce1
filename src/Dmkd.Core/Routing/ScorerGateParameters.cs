namespace Dmkd.Core.Routing;

/// <summary>Everything that a fitted gate needs to route: G_θ, and what it knows of each expert.</summary>
/// <param name="Gate">Name of the gate.</param>
/// <param name="Scorer">θ.</param>
/// <param name="Profiles">The experts, in the order of the fit.</param>
/// <param name="DescriptorSpread">Standard deviation of each number of descriptors, above 0.</param>
public sealed record ScorerGateParameters(string Gate, PairScorerWeights Scorer, ExpertProfile[] Profiles, double[] DescriptorSpread)
{
    /// <summary>An expert with the features that the gate scores.</summary>
    /// <param name="expert">The expert; its class scores are read for <c>hybrid</c> only.</param>
    /// <param name="profile">Its place among <see cref="Profiles"/>.</param>
    /// <param name="descriptors">Descriptors of the batch, shape [batch, numbers]. Borrowed.</param>
    public ExpertView WithFeatures(ExpertView expert, int profile, double[] descriptors)
    {
        ArgumentNullException.ThrowIfNull(expert);
        ArgumentNullException.ThrowIfNull(descriptors);
        int length = DescriptorSpread.Length, batch = descriptors.Length / length, classes = expert.Classes.Count;
        bool readsScores = ScorerGate.InputOf(Gate) is GateInput.Evidence;
        int width = readsScores ? PairFeatures.EvidenceCount : 2 * length + 1;
        double[] features = new double[batch * width], scores = new double[classes];
        for (int i = 0; i < batch; i++)
        {
            var input = descriptors.AsSpan(i * length, length);
            var own = features.AsSpan(i * width, width);
            if (readsScores)
            {
                for (int c = 0; c < classes; c++) scores[c] = expert.ClassScores[i * classes + c];
                PairFeatures.OfEvidence(Profiles[profile], scores, input, DescriptorSpread, own);
            }
            else
            {
                PairFeatures.OfDescriptors(Profiles[profile], input, DescriptorSpread, own);
            }
        }

        return expert with { Features = features };
    }
}
