namespace Dmkd.Grains.Preservation;

/// <summary>The legacy model as a teacher.</summary>
/// <param name="Architecture">Text form of its architecture; not used for a TorchScript program.</param>
/// <param name="Content">Weights as safetensors, or the TorchScript program.</param>
/// <param name="IsTorchScript">Which of the two.</param>
internal sealed record TeacherSource(string Architecture, byte[] Content, bool IsTorchScript);
