namespace Dmkd.Experiments.Methods.Regularization;

/// <summary>Which labels the squared gradients of a Fisher information are taken for.</summary>
public enum FisherLabels
{
    /// <summary>One label drawn from the model's prediction: unbiased, one gradient per image.</summary>
    Sampled,

    /// <summary>Every label, weighted by its predicted probability: exact, one gradient per image and class.</summary>
    Expected,

    /// <summary>The true label, weighted by its predicted probability: neither, but what Mammoth does for its online EWC.</summary>
    Weighted,
}
