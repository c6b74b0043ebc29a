using Qmtl.Data;

namespace Qmtl.Recording;

/// <summary>A recorder or a provider that wants to learn which stream it serves, for example to name its table after it.</summary>
public interface IStreamBound
{
    /// <summary>Told once, when the stream's input is made, before anything is read or recorded.</summary>
    /// <param name="stream">The stream.</param>
    void BindStream(StreamKey stream);
}
