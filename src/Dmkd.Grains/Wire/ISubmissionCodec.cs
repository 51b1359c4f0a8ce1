using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Wire;

namespace Dmkd.Grains.Wire;

/// <summary>Submissions as bytes: what goes over the wire, and what is counted.</summary>
internal interface ISubmissionCodec
{
    /// <summary>Serializes a submission.</summary>
    byte[] Encode(DeltaSubmission submission);

    /// <summary>Reads a submission back.</summary>
    DeltaSubmission Decode(byte[] content);

    /// <summary>Serializes tensors.</summary>
    byte[] EncodeTensors(TensorPayload[] tensors);

    /// <summary>Reads tensors back.</summary>
    TensorPayload[] DecodeTensors(byte[] content);
}
